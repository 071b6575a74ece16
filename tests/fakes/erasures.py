"""Erasures in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.erasure import Erasure


class MemoryErasures:
    def __init__(self) -> None:
        self.stored: dict[str, Erasure] = {}

    async def begin(self, erasure: Erasure) -> Erasure:
        known = self.stored.get(erasure.id)
        if known is None or known.lifted_at:
            known = erasure
        after = replace(known, records=known.records | erasure.records, again_at=erasure.again_at)
        self.stored[erasure.id] = after
        return after

    async def add(self, erasure_id: str, counts: Mapping[str, int]) -> None:
        known = self.stored[erasure_id]
        sums = Counter(known.counts) + Counter(counts)
        self.stored[erasure_id] = replace(known, counts=dict(sums))

    async def done(self, erasure_id: str, at: datetime, under_way: int = 0) -> Erasure:
        known = self.stored[erasure_id]
        if known.done_at is None:
            self.stored[erasure_id] = replace(known, done_at=at, under_way=under_way)
        return self.stored[erasure_id]

    async def settled(self, erasure_id: str, again_at: datetime) -> None:
        if self.stored[erasure_id].again_at == again_at:
            self.stored[erasure_id] = replace(self.stored[erasure_id], again_at=None)

    async def due(self, now: datetime, limit: int) -> Sequence[Erasure]:
        found = [each for each in self.stored.values() if each.again_at and each.again_at <= now]
        return sorted(found, key=lambda each: each.again_at or now)[:limit]

    async def get(self, erasure_id: str) -> Erasure | None:
        return self.stored.get(erasure_id)

    async def with_records(self, erasure_id: str, records: Collection[str]) -> None:
        if known := self.stored.get(erasure_id):
            self.stored[erasure_id] = replace(known, records=known.records | frozenset(records))

    async def lift(self, erasure_id: str, at: datetime) -> None:
        if known := self.stored.get(erasure_id):
            self.stored[erasure_id] = replace(known, lifted_at=at, again_at=None)

    async def count(self, module: str) -> int:
        there = [each for each in self.stored.values() if each.lifted_at is None]
        return sum(ref.startswith(f"{module}:~") for each in there for ref in each.records)
