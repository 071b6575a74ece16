"""What happens when a sync is to run: all records of its module are carried over, slice by slice (R8-R33)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.campaign import DEFAULT_TOPIC
from domain.errors import InvalidDefinition, InvalidMessage, UnknownSync
from domain.lists import MailingList, Topic
from domain.passage import Carried
from domain.projection import rule_of
from domain.slices import KeyRange, Run
from domain.sync import Sync, SyncStatus, fingerprint, problems, redefined
from handlers.carry_over import CarryOver
from handlers.key_ranges import cut
from handlers.ports import Clock, Lists, Modules, Records, Runs, Syncs, Topics
from messages.base import Message
from messages.sync_requested import SyncRequested

SLICE_SIZE = 500  #: records; a slice is seconds of work
RECORDS = "records"  #: the only phase of a sync run


@dataclass(frozen=True, slots=True)
class SyncInitiator:
    """Begins a run, or goes on with the one that is under way."""

    syncs: Syncs
    modules: Modules
    lists: Lists
    topics: Topics
    records: Records
    runs: Runs
    now: Clock
    new_id: Callable[[], str]

    async def __call__(self, request: SyncRequested) -> Sequence[Message]:
        """One message for each slice that is not done.

        Raises:
            UnknownSync: no such sync, and the request does not define it.
            InvalidDefinition: the sync breaks rules; the text names every one of them.
        """
        sync = await self._defined(request)
        await self._check(sync)
        await self._make_lists(sync)
        await self.syncs.save(sync.moved_to(SyncStatus.ACTIVE))
        run = await self._open_run(sync) or await self._new_run(sync, request)
        if run.complete:
            await self.runs.end(run.id, self.now())
        return [_slice(request, run, number) for number in range(len(run.ranges)) if number not in run.done]

    async def _defined(self, request: SyncRequested) -> Sync:
        known = await self.syncs.get(request.sync_id)
        if request.definition is None and known is None:
            raise UnknownSync(f"sync {request.sync_id} is not known; create it, or send its definition along")
        if request.definition is None:
            assert known is not None
            return known
        wanted = request.definition.to_sync(request.sync_id)
        return redefined(known, wanted) if known else wanted

    async def _check(self, sync: Sync) -> None:
        found = problems(sync, await self.modules.get(sync.module))
        found += [
            f"topics: {topic} is not known; `campaigns topic create {topic}`"
            for topic in sync.topics
            if topic != DEFAULT_TOPIC and await self.topics.get(topic) is None
        ]
        if found:
            raise InvalidDefinition(f"sync {sync.id}: {'; '.join(found)}")

    async def _make_lists(self, sync: Sync) -> None:
        """A target list that is not there is created with the sync (R11)."""
        for list_id in sync.lists:
            await self.lists.add(MailingList(list_id, list_id))
        if DEFAULT_TOPIC in sync.topics:
            await self.topics.add(Topic(DEFAULT_TOPIC, DEFAULT_TOPIC.capitalize()))

    async def _open_run(self, sync: Sync) -> Run | None:
        run = await self.runs.latest(sync.id)
        if run is None or run.ended_at or run.options.get("sync") != fingerprint(sync):
            return None
        return run

    async def _new_run(self, sync: Sync, request: SyncRequested) -> Run:
        run = Run(
            id=f"{sync.id}-{self.new_id()}",
            subject=sync.id,
            phase=RECORDS,
            ranges=tuple(await cut(self.records.keys(sync.module), SLICE_SIZE, sync.module)),
            mode=request.mode,
            options={"sync": fingerprint(sync)},
            started_at=self.now(),
        )
        await self.runs.create(run)
        return run


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

        Raises:
            UnknownSync: the sync or its run is not stored.
            InvalidMessage: the run has no such slice.
        """
        sync, run = await self._load(request)
        if sync.status is not SyncStatus.ACTIVE:
            return []  # paused: the slice stays open, and is asked for again when the sync is resumed
        number = _number(request, run)
        if number not in run.done:
            counts = await self._carried(sync, run.range(number))
            run = await self.runs.finish_slice(run.id, RECORDS, number, counts) or run
        if run.complete:
            await self.runs.end(run.id, self.now())
        return []

    async def _load(self, request: SyncRequested) -> tuple[Sync, Run]:
        sync, run = await self.syncs.get(request.sync_id), await self.runs.get(request.run_id or "")
        if sync is None or run is None or run.subject != sync.id:
            raise UnknownSync(f"sync {request.sync_id} has no run {request.run_id}")
        return sync, run

    async def _carried(self, sync: Sync, keys: KeyRange) -> Mapping[str, int]:
        module = await self.modules.get(sync.module)
        if module is None:
            raise InvalidDefinition(f"module: {sync.module} is not known any more")
        records = await self.records.within(keys)
        return counted((await self.carry_over(records, {module.name: [rule_of(sync)]}, {module.name: module})).values())


@dataclass(frozen=True, slots=True)
class SyncRunner:
    """Takes requests for runs, and the slices of runs."""

    initiate: SyncInitiator
    slice: SyncSlicer

    async def __call__(self, request: SyncRequested) -> Sequence[Message]:
        return await (self.initiate(request) if request.run_id is None else self.slice(request))


def counted(results: Iterable[Carried]) -> Mapping[str, int]:
    """How many records: in all, by what became of their contacts, and by reason of those on no list (D5)."""
    counts = Counter(total=0)
    for result in results:
        counts["total"] += 1
        counts[_outcome(result)] += 1
    return dict(counts)


def _outcome(result: Carried) -> str:
    if result.skip:
        return f"skipped.{result.skip}"
    return "skipped.duplicate" if result.duplicate_of else str(result.change)


def _slice(request: SyncRequested, run: Run, number: int) -> SyncRequested:
    return SyncRequested(sync_id=request.sync_id, mode=request.mode, run_id=run.id, slice=number)


def _number(request: SyncRequested, run: Run) -> int:
    if request.slice is None or request.slice >= len(run.ranges):
        raise InvalidMessage(f"slice: run {run.id} has slices 0 to {len(run.ranges) - 1}")
    return request.slice
