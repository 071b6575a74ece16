"""Imports in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.imports import ImportJob


class MemoryImports:
    def __init__(self) -> None:
        self.stored: dict[str, ImportJob] = {}

    async def begin(self, job: ImportJob, *, anew: bool = False) -> ImportJob:
        known = self.stored.get(job.id)
        if known is None or known.ended_at or anew:
            self.stored[job.id] = job
        return self.stored[job.id]

    async def get(self, import_id: str) -> ImportJob | None:
        return self.stored.get(import_id)

    async def advance(self, before: ImportJob, after: ImportJob) -> bool:
        known = self.stored.get(before.id)
        if known is None or known.rows != before.rows or known.ended_at:
            return False
        self.stored[before.id] = after
        return True

    async def end(self, import_id: str, at: datetime) -> None:
        known = self.stored.get(import_id)
        if known and known.ended_at is None:
            self.stored[import_id] = replace(known, ended_at=at)

    async def latest(self, limit: int = 50) -> Sequence[ImportJob]:
        by_id = sorted(self.stored.values(), key=lambda job: job.id)
        return sorted(by_id, key=lambda job: job.started_at, reverse=True)[:limit]
