"""One slice of a sync run: its records are carried over to their contacts and counted (D5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.errors import InvalidDefinition, InvalidMessage, UnknownSync
from domain.passage import Carried
from domain.projection import Rule, backfill_rule, rule_of
from domain.record import Record
from domain.slices import RunSlice
from domain.sync import Sync, SyncStatus, fingerprint
from domain.sync_report import SKIPPED
from handlers.carry_over import CarryOver
from handlers.ports.audience import Modules, Records
from handlers.ports.clock import Clock
from handlers.ports.syncing import Runs, Syncs
from handlers.sync_leaving import taken_off
from handlers.sync_runs import DELETED, PAUSED, RECORDS, SUPERSEDED, fields_of
from messages.base import Message
from messages.sync_requested import SyncMode, SyncRequested


@dataclass(frozen=True, slots=True)
class SyncSlicer:
    """Carries the records of one slice over to their contacts and counts what came of them (D5)."""

    syncs: Syncs
    modules: Modules
    records: Records
    runs: Runs
    carry_over: CarryOver
    now: Clock

    async def __call__(self, request: SyncRequested) -> Sequence[Message]:
        """Nothing follows: whoever finishes the last slice ends the run.

        A run that has ended is over for the slices that still wait: the sync was paused, deleted, or begun anew.

        Raises:
            UnknownSync: the sync or its run is not stored.
            InvalidMessage: the run has no such slice.
        """
        part = await slice_of(request, self.runs)
        if part.ended_at is not None:
            await self._taken_back(part)
            return []
        sync = await self.syncs.get(request.sync_id)
        if sync is None:
            raise UnknownSync(f"sync {request.sync_id} is not known any more")
        if sync.status is not SyncStatus.ACTIVE:
            await self._closed(sync, part)
            return []
        if not part.is_done:
            counts = await self._carried(sync, part)
            part = await self.runs.finish_slice(part.run_id, RECORDS, part.number, counts) or part
            await self._taken_back(part)
            await self._done_anew(sync, part)
        if part.completes:
            await self.runs.end(part.run_id, self.now())
        return []

    async def _taken_back(self, part: RunSlice) -> None:
        """Undo the slice if the sync was deleted while it was done: those who took people off had passed by."""
        if part.ended_because != DELETED:
            return
        sync = await self.syncs.get(part.subject)
        if sync is None or sync.status is SyncStatus.DELETING:  # else it is another one of the same name
            await taken_off(part.subject, await self.records.within(part.keys), self.carry_over.contacts)

    async def _done_anew(self, before: Sync, part: RunSlice) -> None:
        """Do the slice by the sync as it is now, if it was changed meanwhile: the run of the change had passed by."""
        if part.ended_because != SUPERSEDED:
            return
        sync = await self.syncs.get(part.subject)
        if sync and sync.status is SyncStatus.ACTIVE and fingerprint(sync) != fingerprint(before):
            await self._carried(sync, part)

    async def _closed(self, sync: Sync, part: RunSlice) -> None:
        """Whoever paused the sync died before its run was ended, and other syncs wait for that."""
        if sync.status is SyncStatus.PAUSED:
            await self.runs.end(part.run_id, self.now(), PAUSED)

    async def _carried(self, sync: Sync, part: RunSlice) -> Mapping[str, int]:
        module = await self.modules.get(sync.module)
        if module is None:
            raise InvalidDefinition(f"module: {sync.module} is not known any more")
        records, rule = await self.records.within(part.keys), rule_of(sync)
        if part.mode == SyncMode.BACKFILL:
            records, rule = _with_contact(records), _backfill(sync, part)
        return counted((await self.carry_over(records, {module.name: [rule]}, {module.name: module})).values())


async def slice_of(request: SyncRequested, runs: Runs) -> RunSlice:
    """
    Raises:
        UnknownSync: the sync has no such run.
        InvalidMessage: the run has no such slice.
    """
    if request.slice is None:
        raise InvalidMessage(f"slice: run {request.run_id} is done in slices, and none is named")
    part = await runs.slice(request.run_id or "", request.slice)
    if part is None or part.subject != request.sync_id:
        raise UnknownSync(f"sync {request.sync_id} has no run {request.run_id}")
    return part


def counted(results: Iterable[Carried]) -> Mapping[str, int]:
    """How many records: in all, by what became of their contacts, and by reason of those on no list (D5)."""
    counts = Counter(total=0)
    for result in results:
        counts["total"] += 1
        counts[_outcome(result)] += 1
    return dict(counts)


def _outcome(result: Carried) -> str:
    if result.skip:
        return f"{SKIPPED}{result.skip}"
    return f"{SKIPPED}duplicate" if result.duplicate_of else str(result.change)


def _with_contact(records: Iterable[Record]) -> list[Record]:
    """A backfill makes nobody a contact."""
    return [record for record in records if record.projected and record.projected.contact_id and not record.deleted]


def _backfill(sync: Sync, part: RunSlice) -> Rule:
    """Fields that were taken off the map in the meantime are left out."""
    return backfill_rule(sync, fields_of(part))
