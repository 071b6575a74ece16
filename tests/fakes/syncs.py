"""Syncs in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from domain.errors import Conflict
from domain.sync import Sync, SyncStatus


class MemorySyncs:
    def __init__(self, *syncs: Sync) -> None:
        self.stored: dict[str, Sync] = {sync.id: replace(sync, revision=1) for sync in syncs}

    async def get(self, sync_id: str) -> Sync | None:
        return self.stored.get(sync_id)

    async def save(self, sync: Sync) -> Sync:
        known = self.stored.get(sync.id)
        if (known.revision if known else 0) != sync.revision:
            raise Conflict(f"sync {sync.id} was changed by somebody else at the same time")
        self.stored[sync.id] = replace(sync, revision=sync.revision + 1)
        return self.stored[sync.id]

    async def remove(self, sync_id: str) -> None:
        self.stored.pop(sync_id, None)

    async def active(self, modules: Collection[str] | None = None) -> Sequence[Sync]:
        active = [sync for sync in await self.all() if sync.status is SyncStatus.ACTIVE]
        return [sync for sync in active if modules is None or sync.module in modules]

    async def all(self) -> Sequence[Sync]:
        return [self.stored[key] for key in sorted(self.stored)]
