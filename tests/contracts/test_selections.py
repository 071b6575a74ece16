"""One suite over the selections in memory and in MongoDB."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from domain.selections import CHUNK
from repositories.selections import MongoSelections
from tests.fakes.selections import MemorySelections

AnySelections: TypeAlias = MemorySelections | MongoSelections
KEY = "spring:1:a"


@pytest.fixture(params=["memory", "mongo"])
def selections(request: pytest.FixtureRequest) -> AnySelections:
    if request.param == "memory":
        return MemorySelections()
    return MongoSelections(request.getfixturevalue("mongo_database"))


async def put(selections: AnySelections, number: int, *refs: str, key: str = KEY, revision: int = 1) -> list[str]:
    return list(await selections.put(key, number, refs, campaign_id="spring", revision=revision))


async def test_chunks_are_read_as_they_were_written(selections: AnySelections) -> None:
    assert await put(selections, 1, "Leads:2", "Leads:1") == ["Leads:2", "Leads:1"]
    assert await put(selections, 0) == []
    assert list(await selections.chunk(KEY, 1)) == ["Leads:2", "Leads:1"]
    assert list(await selections.chunk(KEY, 7)) == []
    assert list(await selections.numbers(KEY)) == [0, 1]
    assert await selections.sizes(KEY) == {0: 0, 1: 2}


async def test_a_chunk_is_written_once_and_whoever_comes_later_is_told_what_is_there(
    selections: AnySelections,
) -> None:
    await put(selections, 0, "Leads:1")
    assert await put(selections, 0, "Leads:2") == ["Leads:1"]
    assert await put(selections, 1) == []
    assert await put(selections, 1, "Leads:3") == []


async def test_which_of_some_records_are_picked(selections: AnySelections) -> None:
    await put(selections, 0, "Leads:1", "Contacts:2")
    await put(selections, 1, "Leads:3")
    await put(selections, 0, "Leads:4", key="spring:1:b")
    assert await selections.holding(KEY, ["Leads:3", "Leads:1", "Leads:4", "Leads:9"]) == {"Leads:1", "Leads:3"}
    assert await selections.holding(KEY, []) == frozenset()


async def test_whole_chunks_are_asked_for_at_once(selections: AnySelections) -> None:
    refs = [f"Leads:{number:019}" for number in range(CHUNK)]
    await put(selections, 0, *refs)
    assert await selections.holding(KEY, refs) == frozenset(refs)


async def test_what_earlier_revisions_left_is_forgotten_but_for_what_is_in_use(selections: AnySelections) -> None:
    await put(selections, 0, "Leads:1", key="spring:1:a", revision=1)
    await put(selections, 0, "Leads:2", key="spring:2:b", revision=2)
    await put(selections, 0, "Leads:3", key="spring:3:c", revision=3)
    await selections.put("summer:1:d", 0, ["Leads:4"], campaign_id="summer", revision=1)
    await selections.forget("spring", before=3, keep="spring:1:a")
    left = [await selections.chunk(key, 0) for key in ("spring:1:a", "spring:2:b", "spring:3:c", "summer:1:d")]
    assert [list(refs) for refs in left] == [["Leads:1"], [], ["Leads:3"], ["Leads:4"]]
