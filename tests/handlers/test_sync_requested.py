"""A sync runs over all records of its module, slice by slice (R8-R33, D5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.eligibility import SuppressionReason
from domain.errors import InvalidDefinition, InvalidMessage, UnknownSync
from domain.record import Record
from domain.sync import Sync, SyncStatus
from handlers.sync_runs import SLICE_SIZE
from messages.sync_requested import SyncDefinition, SyncRequested
from tests.builders import a_list, a_record, a_suppression, a_sync, a_topic, later
from tests.fakes.lists import MemoryLists
from tests.fakes.records import MemoryRecords
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.fakes.topics import MemoryTopics
from tests.handlers.audience import Audience

INITIATE = SyncRequested(sync_id="leads")


def a_crm(*records: Record, sync: Sync | None = None, **overrides: Any) -> Audience:
    """A prepared sync that was not initiated."""
    syncs = MemorySyncs(sync or a_sync(status=SyncStatus.DRAFT))
    return Audience(records=MemoryRecords(*records), syncs=syncs, **overrides)


def a_definition(**overrides: Any) -> SyncDefinition:
    defaults: dict[str, Any] = {
        "module": "Leads",
        "subscription_type": "marketing",
        "map": {"First_Name": "first_name"},
    }
    return SyncDefinition(**{**defaults, **overrides})


def leads(count: int) -> list[Record]:
    return [a_record(f"{number:05}") for number in range(count)]


async def counts_of(crm: Audience) -> dict[str, int]:
    run = await crm.runs.latest("leads")
    assert run is not None
    assert run.ended_at
    return dict(run.counts)


async def test_all_records_of_the_module_are_synced_in_slices() -> None:
    """R9."""
    crm = a_crm(*leads(SLICE_SIZE * 2 + 1), a_record("1", module="Contacts"))
    assert len(await crm.runner(INITIATE)) == 3
    await crm.run(INITIATE)
    assert await counts_of(crm) == {"total": 2 * SLICE_SIZE + 1, "new": 2 * SLICE_SIZE + 1}
    assert await crm.contacts.count("news") == 2 * SLICE_SIZE + 1


async def test_a_sync_starts_only_when_it_is_initiated() -> None:
    """R8, R16."""
    crm = a_crm()
    await crm.run(INITIATE)
    assert crm.syncs.stored["leads"].status is SyncStatus.ACTIVE


async def test_a_run_over_no_records_ends_at_once() -> None:
    crm = a_crm()
    assert await crm.runner(INITIATE) == []
    assert await counts_of(crm) == {}


async def test_a_run_ends_with_its_last_slice_and_not_before() -> None:
    crm = a_crm(*leads(SLICE_SIZE + 1))
    ended = []
    for message in await crm.runner(INITIATE):
        assert isinstance(message, SyncRequested)
        await crm.runner(message)
        run = await crm.runs.latest("leads")
        ended.append(run is not None and run.ended_at is not None)
    assert ended == [False, True]


async def test_a_repeated_request_changes_nothing() -> None:
    """While the run is open it is gone on with: no second one."""
    crm = a_crm(*leads(SLICE_SIZE + 1))
    first = await crm.runner(INITIATE)
    assert await crm.runner(INITIATE) == first
    assert len(crm.runs.stored) == 1


async def test_a_repeated_slice_changes_nothing() -> None:
    crm = a_crm(*leads(3))
    (slice_of_run,) = await crm.runner(INITIATE)
    assert isinstance(slice_of_run, SyncRequested)
    await crm.runner(slice_of_run)
    before = crm.state(), await counts_of(crm)
    assert await crm.runner(slice_of_run) == []
    assert (crm.state(), await counts_of(crm)) == before


async def test_a_slice_whose_worker_died_before_the_end_of_the_run_ends_it_when_it_repeats() -> None:
    crm = a_crm(*leads(1))
    (slice_of_run,) = await crm.runner(INITIATE)
    assert isinstance(slice_of_run, SyncRequested)
    await crm.runner(slice_of_run)
    run = await crm.runs.latest("leads")
    assert run is not None
    crm.runs.stored[run.id] = replace(crm.runs.stored[run.id], ended_at=None)
    await crm.runner(slice_of_run)
    assert await counts_of(crm) == {"total": 1, "new": 1}


async def test_running_again_is_idempotent_and_makes_no_duplicates() -> None:
    """R32."""
    crm = a_crm(*leads(3))
    await crm.run(INITIATE)
    before = crm.state()
    await crm.run(SyncRequested(sync_id="leads", mode="reinitiate"))
    assert crm.state() == before
    assert await counts_of(crm) == {"total": 3, "unchanged": 3}


async def test_a_field_added_to_the_map_reaches_synced_contacts_when_the_sync_is_run_again() -> None:
    """R30, R31, R33."""
    crm = a_crm(a_record("1", {"Email": "lead1@example.com", "First_Name": "Ann", "City": "Ulm"}))
    await crm.run(INITIATE)
    changed = a_definition(lists=["news"], map={"First_Name": "first_name", "City": "city"})
    await crm.run(SyncRequested(sync_id="leads", mode="reinitiate", definition=changed))
    assert crm.of("lead1@example.com").values() == {"first_name": "Ann", "city": "Ulm"}
    assert crm.of("lead1@example.com").sources["Leads:1"].map_versions == {"leads": 2}
    assert await counts_of(crm) == {"total": 1, "updated": 1}


async def test_a_changed_map_begins_a_run_of_its_own() -> None:
    """Slices that are done already had the old map."""
    crm = a_crm(*leads(1))
    await crm.runner(INITIATE)
    await crm.runner(SyncRequested(sync_id="leads", definition=a_definition()))
    assert len(crm.runs.stored) == 2


async def test_every_record_is_counted_once_with_what_came_of_it() -> None:
    """D5."""
    crm = a_crm(
        a_record("1"),
        a_record("2", {"Email": "lead1@example.com"}, version=2, changed_at=later(2)),
        a_record("3", {"Email": "no address"}),
        a_record("4", {}),
        a_record("5", deleted_version=2),
        a_record("6", {"Email": "lead6@example.com", "Email_Opt_Out": True}),
        a_record("7"),
        suppressions=MemorySuppressions(a_suppression("lead7@example.com", reason=SuppressionReason.COMPLAINED)),
    )
    await crm.run(INITIATE)
    assert await counts_of(crm) == {
        "total": 7,
        "new": 1,
        "skipped.duplicate": 1,
        "skipped.invalid_email": 1,
        "skipped.no_email": 1,
        "skipped.deleted": 1,
        "skipped.opted_out": 1,
        "skipped.suppressed": 1,
    }


async def test_a_definition_creates_the_sync_and_its_list() -> None:
    """R8, R11."""
    crm = Audience(records=MemoryRecords(*leads(1)))
    await crm.run(SyncRequested(sync_id="leads", definition=a_definition(lists=["fresh"])))
    assert crm.syncs.stored["leads"].status is SyncStatus.ACTIVE
    assert crm.lists.stored.keys() == {"fresh"}
    assert crm.lists_of("lead00000@example.com") == {"fresh"}


@pytest.mark.parametrize(("topics", "created"), [(["marketing"], {"marketing"}), ([], set())])
async def test_the_default_topic_comes_into_being_with_the_first_sync_that_names_it(
    topics: list[str], created: set[str]
) -> None:
    """R13, R52."""
    crm = Audience()
    await crm.run(SyncRequested(sync_id="leads", definition=a_definition(topics=topics)))
    assert set(crm.topics.stored) == created


async def test_an_existing_list_stays_as_it_is() -> None:
    """R11."""
    crm = a_crm(lists=MemoryLists(a_list(name="Our news")))
    await crm.run(INITIATE)
    assert crm.lists.stored["news"].name == "Our news"


@pytest.mark.parametrize(
    ("definition", "found"),
    [
        (a_definition(module="Pets"), "module: Pets is not known"),  # R10
        (a_definition(topics=["offers"], subscription_type="non_marketing"), "R14"),
        (a_definition(map={"Layout": "layout"}), "map.Layout: Layout is a system field"),  # R22, R29
        (a_definition(topics=["ofers"]), "topics: ofers is not known; `campaigns topic create ofers`"),
    ],
)
async def test_an_invalid_sync_is_refused_before_anything_is_stored(definition: SyncDefinition, found: str) -> None:
    crm = Audience(topics=MemoryTopics(a_topic("offers")))
    with pytest.raises(InvalidDefinition, match=found):
        await crm.runner(SyncRequested(sync_id="leads", definition=definition))
    assert crm.syncs.stored == {}


@pytest.mark.parametrize(
    "request_of",
    [
        SyncRequested(sync_id="none"),
        SyncRequested(sync_id="leads", run_id="none", slice=0),
        SyncRequested(sync_id="none", run_id="none", slice=0),
    ],
)
async def test_an_unknown_sync_or_run_is_named(request_of: SyncRequested) -> None:
    with pytest.raises(UnknownSync, match=f"sync {request_of.sync_id} (is not known|has no run none)"):
        await a_crm().runner(request_of)


async def test_a_slice_that_the_run_does_not_have_is_refused() -> None:
    crm = a_crm(*leads(1))
    (slice_of_run,) = await crm.runner(INITIATE)
    with pytest.raises(InvalidMessage, match="slice: run leads-r1 has slices 0 to 0"):
        await crm.runner(slice_of_run.model_copy(update={"slice": 7}))  # type: ignore[arg-type]
