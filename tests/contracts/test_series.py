"""One suite over the series in memory and in MongoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import TypeAlias

import pytest

from domain.campaign import Purpose
from domain.errors import Conflict
from domain.series import Delay, DelayUnit, SeriesStatus, TriggerKind, Window
from repositories.connection import Database
from repositories.series import MongoSeries
from tests.builders import later
from tests.fakes.series import MemorySeries
from tests.series_builders import a_series, a_step, after_open, once, yearly

AnySeries: TypeAlias = MemorySeries | MongoSeries


@pytest.fixture(params=["memory", "mongo"])
def store(request: pytest.FixtureRequest) -> AnySeries:
    if request.param == "memory":
        return MemorySeries()
    return MongoSeries(request.getfixturevalue("mongo_database"))


WHOLE = a_series(
    a_step(delay=Delay(90, DelayUnit.MINUTES), window=Window(frozenset({0, 6}), time(9, 30), time(0)), since=later(5)),
    yearly(offset_days=-3, at=time(0)),
    once(at=None),
    after_open(kind=TriggerKind.NOT_OPENED),
    topic="news",
    purpose=Purpose.EVENT,
    reentry=True,
    existing_members=True,
    taken_out=("old", "older"),
    status_reason="a pause",
    source_order=7,
    author="Ann Green",
    created_at=later(1),
)


async def test_what_was_added_is_there_with_all_it_has(store: AnySeries) -> None:
    await store.add(WHOLE)
    assert await store.get("welcome") == replace(WHOLE, revision=1)
    assert await store.get("other") is None


async def test_an_id_is_taken_once(store: AnySeries) -> None:
    await store.add(a_series())
    with pytest.raises(Conflict):
        await store.add(a_series(name="Another"))


async def test_a_save_needs_the_revision_and_the_status_that_were_read(store: AnySeries) -> None:
    await store.add(a_series())
    known = await store.get("welcome")
    assert known is not None
    paused = known.moved_to(SeriesStatus.PAUSED, "lunch", at=later(9))
    assert await store.save(paused, expected={SeriesStatus.RUNNING}) == replace(paused, revision=2)
    for stale, expected in ((paused, SeriesStatus.PAUSED), (replace(paused, revision=2), SeriesStatus.RUNNING)):
        with pytest.raises(Conflict):
            await store.save(stale, expected={expected})
    assert await store.get("welcome") == replace(paused, revision=2)


async def test_they_are_found_by_status_in_the_order_of_their_ids(store: AnySeries) -> None:
    for name, status in (("b", SeriesStatus.RUNNING), ("a", SeriesStatus.RUNNING), ("c", SeriesStatus.PAUSED)):
        await store.add(a_series(id=name, status=status))
    assert [each.id for each in await store.in_status({SeriesStatus.RUNNING})] == ["a", "b"]
    assert [each.id for each in await store.all()] == ["a", "b", "c"]
    assert await store.in_status({SeriesStatus.STOPPED}) == []


async def test_a_field_of_a_newer_version_is_left_alone(mongo_database: Database) -> None:
    store = MongoSeries(mongo_database)
    await store.add(a_series())
    await mongo_database["series"].update_one({}, {"$set": {"colour": "green"}})
    known = await store.get("welcome")
    assert known is not None
    await store.save(known, expected={SeriesStatus.RUNNING})
    assert (await mongo_database["series"].find_one({}) or {})["colour"] == "green"
