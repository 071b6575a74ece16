"""Syncs in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from domain.sync import Sync, SyncStatus


class MemorySyncs:
    def __init__(self, *syncs: Sync) -> None:
        self.stored: dict[str, Sync] = {sync.id: sync for sync in syncs}

    async def get(self, sync_id: str) -> Sync | None:
        return self.stored.get(sync_id)

    async def save(self, sync: Sync) -> None:
        self.stored[sync.id] = sync

    async def active(self, modules: Collection[str] | None = None) -> Sequence[Sync]:
        active = [sync for sync in await self.all() if sync.status is SyncStatus.ACTIVE]
        return [sync for sync in active if modules is None or sync.module in modules]

    async def all(self) -> Sequence[Sync]:
        return [self.stored[key] for key in sorted(self.stored)]
