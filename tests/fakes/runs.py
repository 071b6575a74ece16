"""Sync runs or review runs in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from domain.slices import KeyRange, Run, RunSlice

_EVER = datetime.min.replace(tzinfo=UTC)


class MemoryRuns:
    def __init__(self, *runs: Run) -> None:
        self.stored: dict[str, Run] = {run.id: run for run in runs}
        self.counts: dict[tuple[str, str, int], Mapping[str, int]] = {}  #: by run, phase and slice

    async def create(self, run: Run) -> None:
        if await self.holder(run.holds) is None:
            self.stored.setdefault(run.id, run)

    async def get(self, run_id: str) -> Run | None:
        run = self.stored.get(run_id)
        return replace(run, counts=self._summed(run_id)) if run else None

    async def slice(self, run_id: str, number: int) -> RunSlice | None:
        run = self.stored.get(run_id)
        return run.slice(number) if run else None

    async def finish_slice(self, run_id: str, phase: str, number: int, counts: Mapping[str, int]) -> RunSlice | None:
        run = self.stored.get(run_id)
        if run is None or run.phase != phase:
            return None
        self.counts[run_id, phase, number] = counts
        self.stored[run_id] = replace(run, done=run.done | {number})
        return await self.slice(run_id, number)

    async def advance(self, run: Run, phase: str, ranges: Sequence[KeyRange]) -> Run:
        known = self.stored[run.id]
        if known.phase == run.phase:
            self.stored[run.id] = replace(known, phase=phase, ranges=tuple(ranges), done=frozenset())
        return replace(self.stored[run.id], counts=self._summed(run.id))

    async def end(self, run_id: str, at: datetime, because: str = "") -> bool:
        run = self.stored.get(run_id)
        if run is None or run.ended_at is not None:
            return False
        self.stored[run_id] = replace(run, ended_at=at, ended_because=because, holds=frozenset())
        return True

    async def asked(self, subject: str, request: str) -> Run | None:
        found = [run for run in self.stored.values() if run.subject == subject and request in run.requests]
        newest = max(found, key=lambda run: (run.started_at or _EVER, run.id), default=None)
        return await self.get(newest.id) if newest else None

    async def join(self, run_id: str, request: str) -> None:
        run = self.stored[run_id]
        self.stored[run_id] = replace(run, requests=run.requests | {request})

    async def holder(self, holds: Collection[str]) -> Run | None:
        found = [run.id for run in self.stored.values() if run.holds & set(holds)]
        return await self.get(found[0]) if found else None

    async def history(self, subject: str, limit: int) -> Sequence[Run]:
        runs = [run for run in self.stored.values() if run.subject == subject]
        newest_first = sorted(runs, key=lambda run: (run.started_at or _EVER, run.id), reverse=True)
        return [replace(run, counts=self._summed(run.id)) for run in newest_first[:limit]]

    async def latest(self, subject: str) -> Run | None:
        runs = [run for run in self.stored.values() if run.subject == subject]
        newest = max(runs, key=lambda run: (run.started_at or _EVER, run.id), default=None)
        return await self.get(newest.id) if newest else None

    def _summed(self, run_id: str) -> dict[str, int]:
        total: Counter[str] = Counter()
        for (owner, _, _), counts in self.counts.items():
            if owner == run_id:
                total.update(counts)
        return dict(total)
