"""What follows from having left the CRM: campaigns go offline, syncs rest or are deleted (R96-R102).

Every step bears being repeated: who is killed half way leaves it to the next tick, of whatever process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from domain.campaign import CampaignStatus
from domain.integration import Integration, IntegrationState
from domain.series import SERIES_NEXT, EntryEnd, SeriesStatus
from handlers.campaign_moves import CampaignMoves
from handlers.ports import Entries, Integrations, Leases, SeriesStore
from handlers.sync_moves import SyncMoves
from handlers.sync_removal import SyncRemover
from handlers.timers import Timers
from messages.base import Message
from messages.sync_requested import SyncMode, SyncRequested

_LEASE = "integration"
_OFFER_S = 60.0  #: slices of a sync's removal are offered again: the messages may have died with a worker
_ID_CHARS = 800  #: the most that the id of a request has
#: Nothing of these is planned, or everything has ended.
_SETTLED = frozenset({CampaignStatus.DRAFT, CampaignStatus.SENT})
_TO_OFFLINE = frozenset(status for status, after in SERIES_NEXT.items() if SeriesStatus.OFFLINE in after)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Detachment:
    """Any number of processes may tick; the one with the lease does the work."""

    integrations: Integrations
    campaigns: CampaignMoves
    series: SeriesStore
    entries: Entries
    syncs: SyncMoves
    remove: SyncRemover
    leases: Leases
    timers: Timers
    owner: str  #: names this process
    lease_s: float = 10  #: short: all of it may be done by two at once

    async def tick(self) -> Sequence[Message]:
        """Slices of the removal of syncs; losing them is harmless.

        Raises:
            StoreUnavailable: MongoDB is away; the next tick goes on.
            Conflict, Busy: others changed the same at this moment; likewise.
        """
        known = await self.integrations.get()
        if known.finished or not await self.leases.take(_LEASE, self.owner, self.lease_s):
            return []
        if known.detaching:
            if not await self._is_detached(known):
                return []
            known = await self.integrations.save(replace(known, detached_at=self.timers.now()))
            _log.warning("campaigns_detached", state=known.state, by=known.by)
        messages = await self._without_syncs(known) if known.state is IntegrationState.DISABLED else []
        if known.state is not IntegrationState.DISABLED or not await self.syncs.syncs.all():
            await self.integrations.save(replace(known, finished_at=self.timers.now()))
            self.timers.clear()
        return messages

    async def _is_detached(self, known: Integration) -> bool:
        """Whether every campaign is offline and no worker holds anything of one: then nothing more is sent."""
        assert known.left_at is not None, "whoever leaves does so at some time"
        reason = f"the integration was {known.state}"
        await self._end_series(known, reason)
        await self.campaigns.campaigns.take_offline(reason, known.left_at)
        for sync in await self.syncs.syncs.active():
            await self.syncs.pause(sync.id)
        left = await self.campaigns.campaigns.left(known.left_at)
        # All of them, also when one is still held: what others have not sent is skipped meanwhile.
        return all([await self.campaigns.settle(id_) for id_, was in left.items() if was not in _SETTLED])

    async def _end_series(self, known: Integration, reason: str) -> None:
        for series in await self.series.in_status(_TO_OFFLINE):
            offline = series.moved_to(SeriesStatus.OFFLINE, reason, at=known.left_at)
            await self.series.save(offline, expected={series.status})
        for series in await self.series.in_status({SeriesStatus.OFFLINE}):
            if series.status_at == known.left_at:
                await self.entries.end_all(series.id, EntryEnd.STOPPED, self.timers.now())

    async def _without_syncs(self, known: Integration) -> Sequence[Message]:
        """Each is deleted by a run of its own, as if somebody had asked for it."""
        messages: list[Message] = []
        for sync in await self.syncs.syncs.all():
            if self.timers.is_time(f"sync:{sync.id}", _OFFER_S):
                request = SyncRequested(
                    sync_id=sync.id,
                    mode=SyncMode.DELETE,
                    request_id=f"{sync.id} {known.request}"[:_ID_CHARS],
                    confirmed_by=known.by,
                )
                messages += await self.remove(request)
        return messages
