"""Pausing a sync. Changes are stored with their records from then on; resuming runs over all of them."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import UnknownSync
from domain.sync import Sync, SyncStatus
from handlers.ports.syncing import Syncs
from handlers.sync_runs import PAUSED, SyncRuns


@dataclass(frozen=True, slots=True)
class SyncMoves:
    syncs: Syncs
    runs: SyncRuns

    async def pause(self, sync_id: str) -> Sync:
        """The sync, paused. Its open run ends; told twice, it changes nothing.

        Raises:
            UnknownSync: it is not stored.
            IllegalTransition: it was never initiated, or is being deleted.
            Conflict: somebody changed it at the same time.
        """
        sync = await self.syncs.get(sync_id)
        if sync is None:
            raise UnknownSync(f"sync {sync_id} is not stored; `campaigns sync show` lists all")
        if sync.status is not SyncStatus.PAUSED:
            sync = await self.syncs.save(sync.moved_to(SyncStatus.PAUSED))
        await self.runs.stopped(sync_id, PAUSED)
        return sync
