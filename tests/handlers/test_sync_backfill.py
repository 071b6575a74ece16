"""A field comes on the map: who lacks it, and how they get it (R30-R33)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import Busy, InvalidDefinition
from domain.sync import redefined
from handlers.sync_lacking import Lacking, LackingFinder
from messages.sync_requested import SyncRequested
from tests.builders import a_record, a_sync
from tests.fakes.records import MemoryRecords
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, BEA, Audience, an_update

PEOPLE = {"1": ANN, "2": BEA}


async def a_crm(*added: dict[str, str]) -> Audience:
    """Ann and Bea were synced with first names; then the map changed, once for each of `added`."""
    values = {"First_Name": "A", "City": "Ulm", "Company": "Green"}
    records = [a_record(number, {"Email": text, **values}) for number, text in PEOPLE.items()]
    crm = Audience(records=MemoryRecords(*records), syncs=MemorySyncs(a_sync(field_map={"First_Name": "first_name"})))
    await crm.run(SyncRequested(sync_id="leads", request_id="crm 0"))
    for more in added or ({"City": "city"},):
        await mapped(crm, more)
    return crm


async def mapped(crm: Audience, more: dict[str, str]) -> None:
    known = crm.syncs.stored["leads"]
    await crm.syncs.save(redefined(known, a_sync(field_map={**known.field_map, **more})))


async def lacking(crm: Audience) -> list[Lacking]:
    return [one async for one in LackingFinder(crm.records, crm.contacts)(crm.syncs.stored["leads"])]


async def backfill(crm: Audience, *fields: str) -> dict[str, int]:
    request = SyncRequested(sync_id="leads", mode="backfill", fields=list(fields), request_id=f"crm {crm.ids}")
    await crm.run(request)
    run = await crm.runs.get(f"leads-r{crm.ids}")
    assert run is not None
    assert run.ended_at
    return dict(run.counts)


async def test_a_new_field_reaches_only_records_that_change_later() -> None:
    """R30, R33."""
    crm = await a_crm()
    await crm.tell(an_update("2", {"Email": BEA, "First_Name": "A", "City": "Bonn"}, version=2))
    assert crm.of(BEA).values()["city"] == "Bonn"
    assert await lacking(crm) == [Lacking("Leads:1", ANN, 1, ("City",))]


async def test_re_initiating_fills_it() -> None:
    """R31."""
    crm = await a_crm()
    await crm.run(SyncRequested(sync_id="leads", mode="reinitiate"))
    assert await lacking(crm) == []
    assert crm.of().values() == {"first_name": "A", "city": "Ulm"}


async def test_re_initiating_touches_only_contacts_that_change() -> None:
    """R32."""
    crm = await a_crm()
    await crm.tell(an_update("2", {"Email": BEA, "First_Name": "A", "City": "Ulm"}, version=2))
    before = crm.of(BEA)
    await crm.run(SyncRequested(sync_id="leads", mode="reinitiate", request_id="crm 1"))
    assert crm.of(BEA) == before
    again = crm.state()
    await crm.run(SyncRequested(sync_id="leads", mode="reinitiate", request_id="crm 2"))
    assert crm.state() == again


async def test_a_backfill_gives_the_new_fields_and_changes_nothing_else() -> None:
    crm = await a_crm()
    ann = crm.of()
    assert await backfill(crm) == {"total": 2, "updated": 2}
    after = crm.of()
    assert after.values() == {"first_name": "A", "city": "Ulm"}
    assert (after.memberships, after.topics, after.subscription) == (ann.memberships, ann.topics, ann.subscription)
    assert after.sources["Leads:1"].map_versions == {"leads": 2}
    assert await lacking(crm) == []


async def test_a_repeated_backfill_changes_nothing() -> None:
    crm = await a_crm()
    await backfill(crm)
    before = crm.state()
    assert await backfill(crm) == {"total": 2, "unchanged": 2}
    assert crm.state() == before


async def test_a_backfill_of_one_field_leaves_the_others_lacking() -> None:
    crm = await a_crm({"City": "city"}, {"Company": "company"})
    await backfill(crm, "Company")
    assert crm.of().values() == {"first_name": "A", "company": "Green"}
    assert {one.fields for one in await lacking(crm)} == {("City",)}
    await backfill(crm, "City")
    assert await lacking(crm) == []
    assert crm.of().sources["Leads:1"].map_versions == {"leads": 3}


async def test_a_backfill_makes_nobody_a_contact_or_a_member() -> None:
    """Who was never synced is the business of a whole run."""
    crm = await a_crm()
    crm.records.stored["Leads:3"] = a_record("3", {"Email": "cid@example.com", "City": "Ulm"})
    await backfill(crm)
    assert len(crm.contacts.stored) == 2


@pytest.mark.parametrize(
    ("added", "fields", "words"),
    [
        ({"City": "city"}, ["Shoe_Size"], "fields: Shoe_Size not on the map of sync leads"),
        ({}, [], "fields: none was added to the map of sync leads"),
    ],
)
async def test_a_backfill_without_fields_to_fill_is_refused(added: Any, fields: list[str], words: str) -> None:
    crm = await a_crm(added)
    with pytest.raises(InvalidDefinition, match=words):
        await crm.runner(SyncRequested(sync_id="leads", mode="backfill", fields=fields))


async def test_a_backfill_waits_for_a_run_with_the_old_map_and_joins_one_with_the_new() -> None:
    crm = await a_crm()
    whole = SyncRequested(sync_id="leads", mode="reinitiate", request_id="crm whole")
    slices = await crm.runner(whole)
    assert await crm.runner(SyncRequested(sync_id="leads", mode="backfill", request_id="crm b")) == slices
    await mapped(crm, {"Company": "company"})
    with pytest.raises(Busy, match="the backfill waits until run leads-r2 has ended"):
        await crm.runner(SyncRequested(sync_id="leads", mode="backfill", request_id="crm c"))


async def test_an_opted_out_person_gets_the_value_and_no_list() -> None:
    crm = await a_crm()
    opted_out = {"Email": ANN, "First_Name": "A", "City": "Ulm", "Email_Opt_Out": True}
    await crm.moves.pause("leads")
    await crm.tell(an_update(fields=opted_out, version=2))
    await crm.run(SyncRequested(sync_id="leads", mode="resume", request_id="crm 5"))
    assert crm.lists_of() == set()
    assert crm.of().values()["city"] == "Ulm"
