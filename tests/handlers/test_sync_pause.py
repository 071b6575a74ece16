"""A paused sync: changes are stored with their records, and reach the lists when it is resumed."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import IllegalTransition, UnknownSync
from domain.sync import SyncStatus
from messages.sync_requested import SyncRequested
from tests.builders import a_record, a_sync
from tests.fakes.records import MemoryRecords
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, BEA, Audience, a_delete, an_update

RESUME = SyncRequested(sync_id="leads", mode="resume", request_id="crm resume")


async def a_paused_crm(**overrides: Any) -> Audience:
    """Ann was synced; then the sync was paused."""
    crm = Audience(syncs=MemorySyncs(a_sync(**overrides)))
    await crm.tell(an_update())
    await crm.moves.pause("leads")
    return crm


async def test_new_people_and_new_values_wait_until_the_sync_is_resumed() -> None:
    crm = await a_paused_crm()
    await crm.tell(an_update(fields={"Email": ANN, "First_Name": "Anna"}, version=2), an_update("2", {"Email": BEA}))
    assert crm.of().values() == {"first_name": "Ann"}
    assert len(crm.contacts.stored) == 1
    assert crm.records.stored["Leads:1"].values()["First_Name"] == "Anna"
    await crm.run(RESUME)
    assert crm.of().values() == {"first_name": "Anna"}
    assert crm.lists_of(BEA) == {"news"}
    assert crm.syncs.stored["leads"].status is SyncStatus.ACTIVE


async def test_who_leaves_leaves_at_once_paused_or_not() -> None:
    """D1, D4: a deletion or an opt-out is not a matter of the sync."""
    crm = await a_paused_crm()
    await crm.tell(a_delete())
    assert crm.lists_of() == set()


async def test_the_open_run_ends_and_what_it_had_done_is_looked_at_again() -> None:
    """A record that changed behind a slice that was done would be missed otherwise."""
    records = MemoryRecords(a_record("1", {"Email": ANN, "First_Name": "Ann"}))
    crm = Audience(records=records, syncs=MemorySyncs(a_sync()))
    waiting = await crm.runner(SyncRequested(sync_id="leads", request_id="crm 1"))
    await crm.moves.pause("leads")
    for each in waiting:
        assert await crm.runner(each) == []
    assert crm.contacts.stored == {}
    await crm.run(RESUME)
    assert [run.ended_because for run in crm.runs.stored.values()] == ["paused", ""]
    assert crm.lists_of() == {"news"}


async def test_pausing_twice_and_a_repeated_resume_change_nothing() -> None:
    crm = await a_paused_crm()
    before = dict(crm.syncs.stored)
    await crm.moves.pause("leads")
    assert crm.syncs.stored == before
    await crm.run(RESUME)
    await crm.moves.pause("leads")
    assert await crm.runner(RESUME) == []
    assert crm.syncs.stored["leads"].status is SyncStatus.PAUSED


async def test_a_worker_that_died_while_resuming_leaves_nothing_undone() -> None:
    """It had made the sync active, and had not begun the run."""
    crm = await a_paused_crm()
    await crm.tell(an_update("2", {"Email": BEA}))
    await crm.syncs.save(crm.syncs.stored["leads"].moved_to(SyncStatus.ACTIVE))
    await crm.run(RESUME)
    assert crm.lists_of(BEA) == {"news"}


@pytest.mark.parametrize("status", [SyncStatus.DRAFT, SyncStatus.DELETING])
async def test_only_an_active_sync_can_be_paused(status: SyncStatus) -> None:
    crm = Audience(syncs=MemorySyncs(a_sync(status=status)))
    with pytest.raises(IllegalTransition, match=f"sync leads is {status}"):
        await crm.moves.pause("leads")


async def test_an_unknown_sync_cannot_be_paused() -> None:
    with pytest.raises(UnknownSync, match="sync leads is not stored"):
        await Audience().moves.pause("leads")


async def test_a_run_that_a_dying_command_left_open_ends_with_its_next_slice() -> None:
    """Another sync of the same module and list would wait for it for ever."""
    records = MemoryRecords(a_record("1", {"Email": ANN}))
    crm = Audience(records=records, syncs=MemorySyncs(a_sync(), a_sync("others")))
    [waiting] = await crm.runner(SyncRequested(sync_id="leads", request_id="crm 1"))
    await crm.syncs.save(crm.syncs.stored["leads"].moved_to(SyncStatus.PAUSED))
    assert await crm.runner(waiting) == []
    assert crm.contacts.stored == {}
    assert crm.runs.stored["leads-r1"].ended_because == "paused"
    assert await crm.runner(SyncRequested(sync_id="others", request_id="crm 2"))
