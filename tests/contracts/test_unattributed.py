"""One suite over the unattributed reports in memory and in MongoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import pytest

from domain.inbound_mail import Unattributed
from repositories.unattributed import MongoUnattributed
from tests.builders import NOW, an_id, later
from tests.fakes.unattributed import MemoryUnattributed

AnyReports: TypeAlias = MemoryUnattributed | MongoUnattributed
ANN, BOB = an_id("ann@example.com"), an_id("bob@example.com")
REPORT = Unattributed("r1", NOW, "bounce", "dsn", "no_token", (ANN, BOB), "From: $x.y\n\nné")


@pytest.fixture(params=["memory", "mongo"])
def reports(request: pytest.FixtureRequest) -> AnyReports:
    if request.param == "memory":
        return MemoryUnattributed(most=3)
    return MongoUnattributed(request.getfixturevalue("mongo_database"), most=3)


async def test_a_report_that_is_known_stays_as_it_came_first(reports: AnyReports) -> None:
    await reports.add([REPORT])
    await reports.add([replace(REPORT, at=later(5)), replace(REPORT, id="r0", at=later(9), contact_ids=(BOB,))])
    assert await reports.of_contact(ANN) == [REPORT]
    assert [one.id for one in await reports.of_contact(BOB)] == ["r1", "r0"]
    assert await reports.of_contact("nobody") == []


async def test_the_newest_come_first_of_one_kind_or_of_all(reports: AnyReports) -> None:
    complaint = replace(REPORT, id="r2", kind="complaint", at=later(5))
    await reports.add([REPORT, complaint, replace(REPORT, id="r3", at=later(9))])
    assert [one.id for one in await reports.newest(None, 0)] == ["r3", "r2", "r1"]
    assert [one.id for one in await reports.newest(None, 2)] == ["r3", "r2"]
    assert await reports.newest("complaint", 5) == [complaint]
    assert [await reports.count(kind) for kind in (None, "bounce", "reply")] == [3, 2, 0]


async def test_of_more_than_are_kept_the_oldest_are_forgotten(reports: AnyReports) -> None:
    for minutes in (5, 1, 9, 3, 7):
        await reports.add([replace(REPORT, id=f"r{minutes}", at=later(minutes))])
    assert [one.id for one in await reports.newest(None, 0)] == ["r9", "r7", "r5"]
