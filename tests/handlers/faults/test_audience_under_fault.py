"""Records and syncs, hit at each call of each port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from domain.contact import Membership, Source
from domain.record import Projected
from domain.sync import SyncStatus
from handlers import sync_runs
from handlers.snapshot_finished import SnapshotChecker
from messages.record_changed import RecordChanged
from messages.record_wanted import RecordWanted
from messages.snapshot_finished import SnapshotFinished
from messages.sync_requested import SyncRequested
from tests.builders import NOW, a_contact, a_record, a_stamp, a_sync
from tests.fakes.erasures import MemoryErasures
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.syncs import MemorySyncs
from tests.handlers.audience import ANN, BEA, Audience, a_delete, an_update
from tests.handlers.faults.faulty import Life, Way, differences, mortal


class AudiencePlay:
    ordered = False

    def __init__(self, crm: Audience) -> None:
        self.crm = crm
        self.wanted: set[str] = set()

    def time_passes(self) -> None:
        """Nothing here looks at a clock."""

    async def settle(self, life: Life) -> Sequence[Any]:
        return []

    def state(self) -> Any:
        records = {ref: replace(each, revision=0, projected=None) for ref, each in self.crm.records.stored.items()}
        return self.crm.seen(), records, self.wanted


class RecordsChange(AudiencePlay):
    """Windows in which people come, change their address, share one, leave, and are only half known."""

    def __init__(self) -> None:
        super().__init__(Audience(syncs=MemorySyncs(a_sync(topics=("offers",)), a_sync("more", lists=("more",)))))

    def messages(self) -> Sequence[Sequence[RecordChanged]]:
        partial = an_update("3", {"First_Name": "Cid"}, version=2, complete=False)
        return [
            [an_update(), an_update("2", {"Email": BEA}), partial],
            [an_update(fields={"Email": BEA}, version=2), an_update("2", {"Email": ANN}, version=3)],
            [a_delete("2"), an_update(fields={"Email": BEA, "First_Name": "Ann"}, version=4)],
        ]

    async def handle(self, message: Sequence[RecordChanged], life: Life) -> Sequence[Any]:
        follow_ups = await mortal(self.crm, life).tell(*message)
        self.wanted |= {each.record_id for each in follow_ups if isinstance(each, RecordWanted)}
        return []


class SyncRuns(AudiencePlay):
    """Five records in slices of two."""

    def __init__(self) -> None:
        records = [a_record(f"{number}", {"Email": f"p{number % 4}@example.com"}) for number in range(5)]
        syncs = MemorySyncs(a_sync(status=SyncStatus.DRAFT))
        super().__init__(Audience(records=MemoryRecords(*records), syncs=syncs))

    def messages(self) -> Sequence[SyncRequested]:
        return [SyncRequested(sync_id="leads")]

    async def handle(self, message: SyncRequested, life: Life) -> Sequence[Any]:
        with mock.patch.object(sync_runs, "SLICE_SIZE", 2):
            return await mortal(self.crm, life).runner(message)

    def state(self) -> Any:
        runs = self.crm.runs.stored.values()
        return *super().state(), {each.ended_at for each in runs}, dict(self.crm.syncs.stored)


class SyncIsRequested(SyncRuns):
    """The same with a request that is remembered."""

    def messages(self) -> Sequence[SyncRequested]:
        return [SyncRequested(sync_id="leads", request_id="crm 1")]


class SyncIsResumed(SyncRuns):
    """It was paused in the middle of a run."""

    def __init__(self) -> None:
        super().__init__()
        self.crm.syncs = MemorySyncs(a_sync(status=SyncStatus.PAUSED))

    def messages(self) -> Sequence[SyncRequested]:
        return [SyncRequested(sync_id="leads", mode="resume", request_id="crm 1")]


class SyncIsDeleted(SyncRuns):
    """Five records in slices of two; two of them share an address, and another sync holds them all as well."""

    def __init__(self) -> None:
        super().__init__()
        people = {f"p{number}@example.com": [f"Leads:{number}"] for number in range(4)}
        people["p0@example.com"].append("Leads:4")
        for text, refs in people.items():
            reasons = frozenset(f"sync:{sync}|{ref}" for sync in ("leads", "more") for ref in refs)
            sources = {ref: replace(Source(ref, a_stamp(ref)), map_versions={"leads": 1}) for ref in refs}
            person = a_contact(text, sources=sources, memberships={"news": Membership("news", reasons)})
            self.crm.contacts.stored[person.id] = replace(person, revision=1)
            for ref in refs:
                record = replace(self.crm.records.stored[ref], projected=Projected(1, person.id))
                self.crm.records.stored[ref] = record
        self.crm.syncs = MemorySyncs(a_sync())

    def messages(self) -> Sequence[SyncRequested]:
        return [SyncRequested(sync_id="leads", mode="delete", confirmed_by="kim", request_id="crm 1")]

    def state(self) -> Any:
        people = self.crm.contacts.stored.values()
        return *super().state(), {one.id: (one.memberships, one.sources) for one in people}


class SnapshotEnds:
    ordered = False

    def __init__(self) -> None:
        self.records, self.modules, self.erasures = MemoryRecords(a_record()), MemoryModules(), MemoryErasures()

    def messages(self) -> Sequence[SnapshotFinished]:
        return [SnapshotFinished(module="Leads", count=1, taken_at=NOW)]

    async def handle(self, message: SnapshotFinished, life: Life) -> Sequence[Any]:
        here = mortal(self, life)
        return await SnapshotChecker(here.records, here.modules, here.erasures)(message)

    def time_passes(self) -> None:
        """Nothing here looks at a clock."""

    async def settle(self, life: Life) -> Sequence[Any]:
        return []

    def state(self) -> Any:
        return dict(self.records.stored)


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("play", [RecordsChange, SyncRuns, SyncIsRequested, SyncIsResumed, SyncIsDeleted, SnapshotEnds])
async def test_a_fault_at_any_call_changes_nothing_in_the_end(play: Any, way: Way) -> None:
    assert await differences(play, way) == []
