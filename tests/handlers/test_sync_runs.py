"""One run at a time of a sync, and of a module and list; what is asked for twice is done once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.contact import Contact
from domain.errors import Busy, IllegalTransition, Transient
from domain.slices import Run
from domain.sync import Sync, SyncStatus
from handlers.sync_runs import SLICE_SIZE, SUPERSEDED
from messages.base import Message
from messages.sync_requested import SyncDefinition, SyncMode, SyncRequested
from tests.builders import a_record, a_sync, later
from tests.fakes.contacts import MemoryContacts
from tests.fakes.records import MemoryRecords
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, Audience

LEADS = SLICE_SIZE + 1  #: two slices


def a_crm(*syncs: Sync, records: int = LEADS) -> Audience:
    given = [a_record(f"{number:05}") for number in range(records)]
    return Audience(records=MemoryRecords(*given), syncs=MemorySyncs(*(syncs or (a_sync(),))))


def asked(request_id: str = "crm 1", **overrides: Any) -> SyncRequested:
    return SyncRequested(**{"sync_id": "leads", "request_id": request_id, **overrides})


async def finish(crm: Audience, slices: Any) -> None:
    for each in slices:
        await crm.runner(each)


def only_run(crm: Audience) -> Run:
    [run] = crm.runs.stored.values()
    return run


async def test_a_request_that_comes_again_after_its_run_has_ended_begins_no_second_run() -> None:
    crm = a_crm()
    await crm.run(asked())
    assert only_run(crm).ended_at
    before = crm.state(), dict(crm.runs.stored), dict(crm.syncs.stored)
    assert await crm.runner(asked()) == []
    assert (crm.state(), crm.runs.stored, crm.syncs.stored) == before


async def test_a_request_that_comes_again_does_not_undo_what_was_changed_since() -> None:
    """It defined the sync; somebody changed it; the repeat is old news."""
    crm = a_crm()
    definition = SyncDefinition(module="Leads", subscription_type="marketing", map={"First_Name": "first_name"})
    await crm.run(asked(definition=definition))
    changed = replace(crm.syncs.stored["leads"], lists=("more",))
    await crm.syncs.save(changed)
    await crm.runner(asked(definition=definition))
    assert crm.syncs.stored["leads"].lists == ("more",)


async def test_another_request_goes_on_with_the_open_run_and_is_remembered_too() -> None:
    crm = a_crm()
    slices = await crm.runner(asked("crm 1"))
    assert await crm.runner(asked("crm 2", mode="reinitiate")) == slices
    await finish(crm, slices)
    assert await crm.runner(asked("crm 2", mode="reinitiate")) == []
    assert only_run(crm).requests == {"crm 1", "crm 2"}


async def test_a_new_request_after_the_end_begins_a_new_run() -> None:
    crm = a_crm()
    await crm.run(asked("crm 1"))
    await crm.run(asked("crm 2"))
    assert len(crm.runs.stored) == 2


async def test_two_syncs_of_one_module_into_one_list_run_one_after_the_other() -> None:
    crm = a_crm(a_sync(), a_sync("more"))
    slices = await crm.runner(asked())
    with pytest.raises(Busy, match="sync more waits: run leads-r1 of sync leads is over the same module and list"):
        await crm.runner(asked("crm 2", sync_id="more"))
    assert issubclass(Busy, Transient)
    await finish(crm, slices)
    await crm.run(asked("crm 2", sync_id="more"))
    run = await crm.runs.latest("more")
    assert run is not None
    assert run.ended_at


@pytest.mark.parametrize("other", [a_sync("b", lists=("more",)), a_sync("b", module="Contacts"), a_sync("b", lists=())])
async def test_other_modules_and_lists_run_side_by_side(other: Sync) -> None:
    crm = a_crm(a_sync(), other)
    assert await crm.runner(asked())
    await crm.runner(asked("crm 2", sync_id="b"))
    assert len(crm.runs.stored) == 2


async def test_a_changed_map_ends_the_run_that_began_with_the_old_one() -> None:
    """Slices of it that still wait do nothing."""
    crm = a_crm()
    old = await crm.runner(asked())
    await crm.syncs.save(replace(crm.syncs.stored["leads"], map_version=2, field_map={"City": "city"}))
    crm.at = later(5)
    assert len(await crm.runner(asked("crm 2"))) == 2
    await finish(crm, old)
    assert crm.contacts.stored == {}
    assert crm.runs.stored["leads-r1"].ended_because == SUPERSEDED


class Changing(MemoryContacts):
    """The sync gets another list and runs from beginning to end while a slice of its run is being stored."""

    def __init__(self, crm: Audience) -> None:
        super().__init__()
        self.stored, self.crm, self.begun = crm.contacts.stored, crm, False

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        if not self.begun:
            self.begun = True
            await self.crm.syncs.save(replace(self.crm.syncs.stored["leads"], lists=("other",)))
            await self.crm.run(asked("crm 2"))
        return await super().save(contacts)


async def test_a_slice_that_was_in_hand_ends_as_the_changed_sync_has_it() -> None:
    crm = Audience(records=MemoryRecords(a_record("1", {"Email": ANN})), syncs=MemorySyncs(a_sync()))
    [in_hand] = await crm.runner(asked())
    crm.contacts = Changing(crm)
    assert await crm.runner(in_hand) == []  # type: ignore[arg-type]
    assert crm.lists_of(ANN) == {"other"}
    assert {run.ended_because for run in crm.runs.stored.values()} == {"", SUPERSEDED}
    assert all(run.ended_at for run in crm.runs.stored.values())


async def test_a_crash_after_the_run_was_begun_is_mended_by_the_repeat() -> None:
    crm = a_crm()
    slices = await crm.runner(asked())
    assert await crm.runner(asked()) == slices
    assert len(crm.runs.stored) == 1


@pytest.mark.parametrize(
    ("status", "mode", "words"),
    [
        (SyncStatus.PAUSED, SyncMode.INITIATE, "sync leads is paused, so initiate cannot be done; resume it"),
        (SyncStatus.PAUSED, SyncMode.REINITIATE, "campaigns sync resume leads"),
        (SyncStatus.PAUSED, SyncMode.BACKFILL, "campaigns sync resume leads"),
        (SyncStatus.DRAFT, SyncMode.BACKFILL, "campaigns sync initiate leads"),
        (SyncStatus.DRAFT, SyncMode.RESUME, "campaigns sync initiate leads"),
        (SyncStatus.DELETING, SyncMode.INITIATE, "create another one"),
    ],
)
async def test_what_does_not_follow_from_where_a_sync_is_is_refused_with_what_does(
    status: SyncStatus, mode: SyncMode, words: str
) -> None:
    crm = a_crm(a_sync(status=status))
    with pytest.raises(IllegalTransition, match=words):
        await crm.runner(asked(mode=mode))
    assert crm.runs.stored == {}


async def test_slices_are_offered_in_the_mode_of_their_run() -> None:
    crm = a_crm()
    slices: list[Message] = list(await crm.runner(asked(mode="reinitiate")))
    assert await crm.runner(asked("crm 2")) == slices
