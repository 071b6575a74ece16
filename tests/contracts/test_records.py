"""One suite over the records in memory and in MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

import pytest

from domain.record import Projected, Record, applied
from domain.slices import KeyRange
from repositories.records import MongoRecords
from tests.builders import NOW, a_change, a_record
from tests.fakes.records import MemoryRecords

AnyRecords: TypeAlias = MemoryRecords | MongoRecords


@pytest.fixture(params=["memory", "mongo"])
def records(request: pytest.FixtureRequest) -> AnyRecords:
    if request.param == "memory":
        return MemoryRecords()
    return MongoRecords(request.getfixturevalue("mongo_database"))


async def load(records: AnyRecords, ref: str) -> Record:
    return (await records.load([ref]))[ref]


async def test_what_is_saved_is_loaded_one_revision_on(records: AnyRecords) -> None:
    record = a_record("1", projected=Projected(1, "c"))
    assert await records.save([record]) == frozenset()
    assert await records.load(["Leads:1", "Leads:2"]) == {"Leads:1": replace(record, revision=1)}


@pytest.mark.parametrize("name", ["$set", "a.b", "$a.$b", "", "ü", "_id"])
@pytest.mark.parametrize("value", ["$gt", {"$set": {"a.b": 1}}, ["$x", None], 2**70, -1.5, True, None, "\x00"])
async def test_any_field_name_and_value_survives(records: AnyRecords, name: str, value: object) -> None:
    await records.save([a_record("1", {name: value})])  # type: ignore[dict-item]
    assert (await load(records, "Leads:1")).values() == {name: value}


async def test_change_times_survive_to_the_microsecond(records: AnyRecords) -> None:
    at = NOW + timedelta(microseconds=123_457)
    await records.save([applied(Record("Leads", "1"), a_change("1", changed_at=at))])
    assert (await load(records, "Leads:1")).changed_at == at


async def test_a_new_record_does_not_replace_a_stored_one(records: AnyRecords) -> None:
    await records.save([a_record("1", {"City": "Graz"})])
    assert await records.save([a_record("1", {"City": "Linz"}), a_record("2")]) == {"Leads:1"}
    assert (await load(records, "Leads:1")).values() == {"City": "Graz"}
    assert "Leads:2" in await records.load(["Leads:2"])


async def test_only_the_stored_revision_can_be_followed(records: AnyRecords) -> None:
    await records.save([a_record("1"), a_record("2")])
    first, second = await load(records, "Leads:1"), await load(records, "Leads:2")
    await records.save([replace(first, snapshot_version=5)])
    assert await records.save([replace(first, snapshot_version=9), second]) == {"Leads:1"}
    assert (await load(records, "Leads:1")).snapshot_version == 5
    assert (await load(records, "Leads:2")).revision == 2


async def test_a_record_that_is_not_stored_has_no_next_revision(records: AnyRecords) -> None:
    assert await records.save([a_record("1", revision=3)]) == {"Leads:1"}
    assert await records.load(["Leads:1"]) == {}


async def test_a_projection_is_marked_one_revision_on(records: AnyRecords) -> None:
    await records.save([a_record("1")])
    record = replace(await load(records, "Leads:1"), projected=Projected(1, "c"))
    assert await records.mark_projected([record]) == frozenset()
    assert await load(records, "Leads:1") == replace(record, revision=2)


@pytest.mark.parametrize("settled", [None, "0123456789abcdef:7"])
async def test_a_mark_tells_what_is_settled(records: AnyRecords, settled: str | None) -> None:
    await records.save([a_record("1", projected=Projected(1, "c", settled))])
    assert (await load(records, "Leads:1")).projected == Projected(1, "c", settled)


async def test_a_mark_tells_whom_a_record_left(records: AnyRecords) -> None:
    nobody = Projected(1, None, left=frozenset({"c", "d"}))
    await records.save([a_record("1", projected=nobody)])
    assert (await load(records, "Leads:1")).projected == nobody


async def test_a_mark_of_an_overtaken_record_is_refused_by_name(records: AnyRecords) -> None:
    await records.save([a_record("1")])
    stored = await load(records, "Leads:1")
    await records.save([stored])
    late = replace(stored, projected=Projected(1, "c"))
    assert await records.mark_projected([late, a_record("2", revision=1)]) == {"Leads:1", "Leads:2"}
    assert (await load(records, "Leads:1")).projected is None


async def test_keys_are_those_of_one_module_deleted_ones_too(records: AnyRecords) -> None:
    leads = [a_record(str(n), deleted_version=n) for n in (3, 1, 2)]
    await records.save([*leads, a_record("1", module="Contacts"), a_record("1", module="Leads2")])
    assert [ref async for ref in records.keys("Leads")] == ["Leads:1", "Leads:2", "Leads:3"]


async def test_a_range_holds_its_end_but_not_its_beginning(records: AnyRecords) -> None:
    await records.save([a_record(str(n)) for n in range(5)])
    found = await records.within(KeyRange(0, "Leads:1", "Leads:3", "Leads"))
    assert [record.ref for record in found] == ["Leads:2", "Leads:3"]


async def test_the_first_range_of_a_module_holds_no_other_module(records: AnyRecords) -> None:
    await records.save([a_record("1"), a_record("1", module="Contacts")])
    found = await records.within(KeyRange(0, "", "Leads:9", "Leads"))
    assert [record.ref for record in found] == ["Leads:1"]


async def test_deleted_records_are_not_counted(records: AnyRecords) -> None:
    await records.save([a_record("1"), a_record("2", deleted_version=7), a_record("1", module="Contacts")])
    assert await records.count("Leads") == 1


async def test_records_deleted_since_a_moment_count_as_of_then(records: AnyRecords) -> None:
    since = a_record("1", deleted_version=7, changed_at=NOW + timedelta(seconds=1))
    await records.save([since, a_record("2", deleted_version=7, changed_at=NOW), a_record("3")])
    assert await records.count("Leads", as_of=NOW) == 2


async def test_nothing_to_save_is_no_work(records: AnyRecords) -> None:
    assert await records.save([]) == frozenset()
    assert await records.load([]) == {}


async def test_of_many_savers_at_once_one_gets_through(records: AnyRecords) -> None:
    await records.save([a_record("1")])
    loaded = await load(records, "Leads:1")
    saves = [records.save([replace(loaded, snapshot_version=n), a_record(f"new{n}")]) for n in range(8)]
    refused = await asyncio.gather(*saves)
    winners = [n for n, refs in enumerate(refused) if not refs]
    assert [refs for refs in refused if refs] == [{"Leads:1"}] * 7
    assert [(await load(records, "Leads:1")).snapshot_version] == winners


async def test_marks_say_where_records_were_carried_over_to(records: AnyRecords) -> None:
    carried = a_record("1", {"Email": "ann@example.com"}, projected=Projected(1, "c", left=frozenset({"old"})))
    never = a_record("2", {"Email": "bob@example.com"})
    await records.save([carried, never, a_record("3")])
    marks = await records.marks_within(KeyRange(0, "", "Leads:2", "Leads"))
    assert [(each.ref, each.version, each.deleted, each.projected) for each in marks] == [
        (each.ref, each.version, each.deleted, each.projected) for each in (carried, never)
    ]
    assert [each.fields for each in marks] == [{}, {}]


async def test_marks_cannot_be_saved_in_the_place_of_their_records(records: AnyRecords) -> None:
    await records.save([a_record("1", {"City": "Graz"})])
    [mark] = await records.marks_within(KeyRange(0, "", "Leads:1", "Leads"))
    assert await records.save([mark]) == {"Leads:1"}
    assert await records.mark_projected([mark]) == {"Leads:1"}
    assert (await load(records, "Leads:1")).values() == {"City": "Graz"}
