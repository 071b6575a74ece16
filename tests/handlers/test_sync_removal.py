"""A sync is deleted for good (D1): people leave the lists that only it put them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import ValidationError

from domain.contact import Contact, joined
from domain.errors import UnknownSync
from domain.sync import Sync, SyncStatus
from handlers.sync_runs import SLICE_SIZE
from messages.sync_requested import SyncRequested
from tests.builders import a_record, a_sync, an_id
from tests.fakes.contacts import MemoryContacts
from tests.fakes.records import MemoryRecords
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, BEA, Audience, an_update

DELETE = SyncRequested(sync_id="leads", mode="delete", confirmed_by="kim", request_id="crm delete")


async def a_crm(*others: Sync) -> Audience:
    """Two leads share Ann's address, one is Bea; all were synced. Bea is on the list by an import as well."""
    people = {"1": ANN, "2": ANN, "3": BEA}
    records = [a_record(number, {"Email": text, "First_Name": "A"}) for number, text in people.items()]
    crm = Audience(records=MemoryRecords(*records), syncs=MemorySyncs(a_sync(), *others))
    for sync in crm.syncs.stored:
        await crm.run(SyncRequested(sync_id=sync, request_id=f"crm {sync}"))
    imported(crm.contacts)
    return crm


def imported(contacts: MemoryContacts) -> None:
    bea = joined(contacts.stored[an_id(BEA)], "news", "import:7")
    contacts.stored[bea.id] = replace(bea, revision=bea.revision + 1)


async def test_members_of_this_sync_go_and_members_of_others_stay() -> None:
    """D1."""
    crm = await a_crm()
    await crm.run(DELETE)
    assert crm.lists_of(ANN) == set()
    assert crm.lists_of(BEA) == {"news"}
    assert crm.of(BEA).memberships["news"].sources == {"import:7"}
    assert crm.syncs.stored == {}


async def test_another_sync_keeps_its_members_on_the_same_list() -> None:
    crm = await a_crm(a_sync("more"))
    await crm.run(DELETE)
    assert crm.lists_of(ANN) == {"news"}
    assert {source.partition("|")[0] for source in crm.of(ANN).memberships["news"].sources} == {"sync:more"}


async def test_values_and_history_stay() -> None:
    crm = await a_crm()
    await crm.run(DELETE)
    assert crm.of(ANN).values() == {"first_name": "A"}
    assert sorted(run.mode for run in await crm.runs.history("leads", 10)) == ["delete", "initiate"]


async def test_lists_that_the_sync_had_before_it_was_changed_are_left_too() -> None:
    crm = await a_crm()
    await crm.syncs.save(replace(crm.syncs.stored["leads"], lists=("other",)))
    await crm.run(DELETE)
    assert crm.lists_of(ANN) == set()


async def test_who_leaves_and_who_stays_is_counted_once_a_person() -> None:
    crm = await a_crm()
    preview = await crm.remover.preview(crm.syncs.stored["leads"])
    await crm.run(DELETE)
    run = await crm.runs.asked("leads", "crm delete")
    assert run is not None
    assert run.counts == preview == {"total": 3, "left.news": 1, "stay.news": 1}


async def test_a_preview_changes_nothing() -> None:
    crm = await a_crm()
    before = crm.state(), dict(crm.syncs.stored)
    await crm.remover.preview(crm.syncs.stored["leads"])
    assert (crm.state(), crm.syncs.stored) == before


async def test_a_repeated_request_and_a_repeated_slice_change_nothing() -> None:
    crm = await a_crm()
    slices = await crm.runner(DELETE)
    assert await crm.runner(DELETE) == slices
    for _ in range(2):
        for each in slices:
            await crm.runner(each)
    before = crm.state(), dict(crm.runs.stored)
    assert await crm.runner(DELETE) == []
    assert (crm.state(), crm.runs.stored) == before


async def test_a_second_request_goes_on_with_the_same_run() -> None:
    crm = await a_crm()
    slices = await crm.runner(DELETE)
    again = DELETE.model_copy(update={"request_id": "crm again"})
    assert await crm.runner(again) == slices
    for each in slices:
        await crm.runner(each)
    assert await crm.runner(again) == []


async def test_a_repeated_request_does_not_delete_a_new_sync_of_the_same_name() -> None:
    crm = await a_crm()
    await crm.run(DELETE)
    await crm.syncs.save(a_sync())
    assert await crm.runner(DELETE) == []
    assert crm.syncs.stored["leads"].status is SyncStatus.ACTIVE


async def test_a_new_sync_of_the_same_name_begins_with_its_first_map() -> None:
    """R33: nobody carries a version of the old one."""
    crm = await a_crm()
    await crm.run(DELETE)
    assert crm.of(ANN).sources["Leads:1"].map_versions == {}


async def test_slices_of_a_run_that_was_under_way_do_nothing_any_more() -> None:
    crm = await a_crm()
    waiting = await crm.runner(SyncRequested(sync_id="leads", mode="reinitiate", request_id="crm again"))
    await crm.run(DELETE)
    for each in waiting:
        assert await crm.runner(each) == []
    assert crm.lists_of(ANN) == set()


async def test_changed_records_follow_it_no_more_as_soon_as_it_is_asked_for() -> None:
    crm = await a_crm()
    await crm.runner(DELETE)
    await crm.tell(an_update("9", {"Email": "cid@example.com"}))
    assert an_id("cid@example.com") not in crm.contacts.stored


async def test_a_sync_of_an_empty_module_is_gone_at_once() -> None:
    crm = Audience(syncs=MemorySyncs(a_sync()))
    assert await crm.runner(DELETE) == []
    assert crm.syncs.stored == {}


async def test_it_is_done_in_slices_and_gone_with_the_last() -> None:
    records = [a_record(f"{number:05}") for number in range(SLICE_SIZE + 1)]
    crm = Audience(records=MemoryRecords(*records), syncs=MemorySyncs(a_sync()))
    first, last = await crm.runner(DELETE)
    assert isinstance(first, SyncRequested)
    assert isinstance(last, SyncRequested)
    await crm.runner(last)
    assert crm.syncs.stored["leads"].status is SyncStatus.DELETING
    await crm.runner(first)
    assert crm.syncs.stored == {}


class Deleting(MemoryContacts):
    """The sync is deleted, from its request to its end, while a slice of its run is being stored."""

    def __init__(self, crm: Audience) -> None:
        super().__init__()
        self.stored, self.crm, self.begun = crm.contacts.stored, crm, False

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        if not self.begun:
            self.begun = True
            await self.crm.run(DELETE)
        return await super().save(contacts)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_slice_that_was_in_hand_takes_back_what_it_stored(times: int) -> None:
    """Also when its worker died right after that, and the slice comes again."""
    crm = Audience(records=MemoryRecords(a_record("1", {"Email": ANN})), syncs=MemorySyncs(a_sync()))
    [in_hand] = await crm.runner(SyncRequested(sync_id="leads", request_id="crm 1"))
    crm.contacts = Deleting(crm)
    for _ in range(times):
        assert await crm.runner(in_hand) == []  # type: ignore[arg-type]
    assert crm.syncs.stored == {}
    assert crm.lists_of(ANN) == set()


async def test_a_record_that_changes_while_its_sync_is_deleted_is_on_no_list() -> None:
    """Its window had begun by the rules of the sync, and those who took people off had passed by."""
    crm = Audience(syncs=MemorySyncs(a_sync()))
    crm.contacts = Deleting(crm)
    await crm.tell(an_update())
    assert crm.syncs.stored == {}
    assert crm.lists_of(ANN) == set()


async def test_a_late_slice_of_a_deleted_sync_does_nothing_to_a_new_one_of_the_same_name() -> None:
    crm = Audience(records=MemoryRecords(a_record("1", {"Email": ANN})), syncs=MemorySyncs(a_sync()))
    [late] = await crm.runner(SyncRequested(sync_id="leads", request_id="crm 1"))
    await crm.run(DELETE)
    await crm.syncs.save(a_sync())
    await crm.run(SyncRequested(sync_id="leads", request_id="crm 2"))
    await crm.runner(late)  # type: ignore[arg-type]
    assert crm.lists_of(ANN) == {"news"}


class Busy(MemoryContacts):
    """The sync leaves, and at the same moment somebody else writes."""

    writes = 0

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        self.writes += 1
        if self.writes == 1:
            ann = self.stored[an_id(ANN)]
            self.stored[ann.id] = replace(ann, topics=frozenset({"offers"}), revision=ann.revision + 1)
        return await super().save(contacts)


async def test_what_others_write_at_the_same_moment_is_taken_in() -> None:
    crm = await a_crm()
    busy = Busy()
    busy.stored = crm.contacts.stored
    crm.contacts = busy
    await crm.run(DELETE)
    assert (crm.of(ANN).topics, crm.lists_of(ANN)) == ({"offers"}, set())


async def test_an_unknown_sync_is_named() -> None:
    with pytest.raises(UnknownSync, match="sync leads is not known"):
        await Audience().runner(DELETE)


def test_deleting_needs_somebody_who_confirmed_it() -> None:
    with pytest.raises(ValidationError, match="confirmed_by: deleting takes people off their lists"):
        SyncRequested(sync_id="leads", mode="delete")
