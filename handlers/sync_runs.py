"""The runs of syncs: one at a time of a sync, and of a module and list; several side by side otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from domain.errors import Busy
from domain.slices import Run, RunSlice
from domain.sync import Sync, fingerprint
from handlers.key_ranges import cut
from handlers.ports.audience import Records
from handlers.ports.clock import Clock
from handlers.ports.syncing import Runs
from messages.base import Message
from messages.sync_requested import SyncMode, SyncRequested

SLICE_SIZE = 500  #: records; a slice is seconds of work
RECORDS = "records"  #: the only phase of a sync run
SUPERSEDED, PAUSED, DELETED = "superseded", "paused", "deleted"  #: why runs end before their end

#: Runs over all fields of all records: one that is open does what any of them asks for.
_WHOLE = frozenset({SyncMode.INITIATE, SyncMode.REINITIATE, SyncMode.RESUME})


@dataclass(frozen=True, slots=True)
class SyncRuns:
    """Begins runs, joins and ends them. What is asked for twice is done once."""

    records: Records
    runs: Runs
    now: Clock
    new_id: Callable[[], str]

    async def answering(self, request: SyncRequested) -> Run | None:
        """The run that answers this very request already."""
        return await self.runs.asked(request.sync_id, request.request_id) if request.request_id else None

    async def begun(self, sync: Sync, request: SyncRequested, fields: Sequence[str] = ()) -> Run:
        """A new run, or an open one that does what is asked for.

        Raises:
            Busy: an open run of this sync does something else that has to be finished, or another sync is at it.
        """
        options = _options(sync, fields)
        under_way = await self.open_run(sync.id)
        if under_way and _does(under_way, request.mode, options):
            return await self._joined(under_way, request)
        if under_way and request.mode is SyncMode.BACKFILL:
            raise Busy(f"sync {sync.id}: the backfill waits until run {under_way.id} has ended")
        if under_way:
            await self.runs.end(under_way.id, self.now(), SUPERSEDED)
        return await self._created(sync, request, options, sync.holds)

    async def deleting(self, sync: Sync, request: SyncRequested) -> Run:
        """The run that takes people off a deleted sync's lists.

        Raises:
            Busy: it was begun by somebody else at the same time.
        """
        under_way = await self.open_run(sync.id)
        if under_way and under_way.mode == SyncMode.DELETE:
            return await self._joined(under_way, request)
        await self.stopped(sync.id, DELETED)
        return await self._created(sync, request, {}, frozenset({f"sync:{sync.id}"}))

    async def offered(self, run: Run) -> Sequence[Message]:
        """The slices that are left to do; a run without any ends."""
        if run.ended_at is not None:
            return []
        if run.complete:
            await self.runs.end(run.id, self.now())
        return [
            SyncRequested(sync_id=run.subject, mode=SyncMode(run.mode), run_id=run.id, slice=keys.number)
            for keys in run.ranges
            if keys.number not in run.done
        ]

    async def open_run(self, sync_id: str) -> Run | None:
        # A run of an earlier version holds nothing; it is the last one then.
        run = await self.runs.holder({f"sync:{sync_id}"}) or await self.runs.latest(sync_id)
        return None if run is None or run.ended_at else run

    async def stopped(self, sync_id: str, because: str) -> None:
        """End the open run; what a worker has in hand is still finished."""
        run = await self.open_run(sync_id)
        if run:
            await self.runs.end(run.id, self.now(), because)

    async def _joined(self, run: Run, request: SyncRequested) -> Run:
        if request.request_id:
            await self.runs.join(run.id, request.request_id)
        return run

    async def _created(
        self, sync: Sync, request: SyncRequested, options: Mapping[str, str | bool], holds: frozenset[str]
    ) -> Run:
        run = Run(
            id=f"{sync.id}-{self.new_id()}",
            subject=sync.id,
            phase=RECORDS,
            ranges=tuple(await cut(self.records.keys(sync.module), SLICE_SIZE, sync.module)),
            mode=request.mode,
            options=options,
            started_at=self.now(),
            requests=frozenset({request.request_id} if request.request_id else ()),
            holds=holds,
        )
        await self.runs.create(run)
        stored = await self.runs.get(run.id)
        if stored is None:
            raise Busy(await self._in_the_way(sync))
        return stored

    async def _in_the_way(self, sync: Sync) -> str:
        other = await self.runs.holder(sync.holds)
        if other is None:
            return f"sync {sync.id}: another run has just ended; it begins at the next try"
        return (
            f"sync {sync.id} waits: run {other.id} of sync {other.subject} is over the same module and list. "
            f"If it stands still, `campaigns sync initiate {other.subject}` goes on with it"
        )


def fields_of(part: RunSlice) -> Sequence[str]:
    """The CRM fields that a backfill is about."""
    fields: list[str] = json.loads(str(part.options.get("fields", "[]")))
    return fields


def _options(sync: Sync, fields: Sequence[str]) -> dict[str, str | bool]:
    return {"sync": fingerprint(sync), **({"fields": json.dumps(sorted(fields))} if fields else {})}


def _does(run: Run, mode: SyncMode, options: Mapping[str, str | bool]) -> bool:
    """Whether an open run does what is asked for: with the same sync, all fields or the same ones.

    A resumed sync missed changes: only a run that began after the pause has them.
    """
    if run.options.get("sync") != options["sync"]:
        return False
    if mode is SyncMode.RESUME:
        return run.mode == mode
    return run.mode in _WHOLE or (mode is SyncMode.BACKFILL and dict(run.options) == dict(options))
