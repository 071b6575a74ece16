"""What follows from having left the CRM: campaigns go offline, syncs rest or are deleted (R96-R102).

Every step bears being repeated: who is killed half way leaves it to the next tick, of whatever process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from domain.campaign import CampaignStatus, Origin
from domain.errors import Busy, Conflict, StoreUnavailable, UnknownSync
from domain.integration import Integration, IntegrationState
from domain.series import SERIES_NEXT, EntryEnd, Series, SeriesStatus
from handlers.campaign_moves import CampaignMoves
from handlers.crm_traffic import CrmTraffic
from handlers.ports.campaigns import OfflineCampaigns
from handlers.ports.operations import Leases
from handlers.ports.series import Entries, SeriesStore
from handlers.ports.syncing import Integrations
from handlers.sync_moves import SyncMoves
from handlers.sync_removal import SyncRemover
from handlers.timers import Timers
from messages.base import Message
from messages.sync_requested import SyncMode, SyncRequested

_LEASE = "integration"
_OFFER_S = 60.0  #: slices of a sync's removal are offered again: the messages may have died with a worker
_ID_CHARS = 800  #: the most that the id of a request has
#: Rows that a review or a remainder had in hand come after the campaign is offline; for so long they are skipped too.
_STRAGGLERS, _STRAGGLERS_S = timedelta(hours=1), 60.0
_TO_OFFLINE = frozenset(status for status, after in SERIES_NEXT.items() if SeriesStatus.OFFLINE in after)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Detachment:
    """Any number of processes may tick; the one with the lease does the work."""

    integrations: Integrations
    campaigns: CampaignMoves
    offline: OfflineCampaigns
    series: SeriesStore
    entries: Entries
    syncs: SyncMoves
    remove: SyncRemover
    leases: Leases
    traffic: CrmTraffic
    timers: Timers
    owner: str  #: names this process
    lease_s: float = 10  #: short: all of it may be done by two at once
    _settled: set[str] = field(default_factory=set)  #: campaigns that need not be looked at every second

    async def tick(self) -> Sequence[Message]:
        """Slices of the removal of syncs; losing them is harmless.

        Raises:
            StoreUnavailable: MongoDB is away; the next tick goes on.
            Conflict, Busy: others changed the same at this moment; likewise.
        """
        known = await self.integrations.get()
        if known.active:
            self._settled.clear()
        if known.active or not await self.leases.take(_LEASE, self.owner, self.lease_s):
            return []
        if known.finished:
            await self._settle_stragglers(known)
            if not await self._is_behind():
                return []
            # Before anything is done: whoever comes back at this moment waits, or is not undone.
            known = await self.integrations.save(replace(known, finished_at=None))
        if not await self._is_offline(known):
            return []
        if known.detaching:
            known = await self.integrations.save(replace(known, detached_at=self.timers.now()))
            _log.warning("campaigns_detached", state=known.state, by=known.by)
        messages = await self._without_syncs(known) if known.state is IntegrationState.DISABLED else []
        if known.state is not IntegrationState.DISABLED or not await self.syncs.syncs.all():
            await self.integrations.save(replace(known, finished_at=self.timers.now()))
            self.timers.clear()
        return messages

    async def _is_behind(self) -> bool:
        """Whether a worker that had asked while it was linked has stored since what is not to be."""
        if await self.syncs.syncs.active() or await self.campaigns.campaigns.going(Origin.CRM):
            return True
        return bool(await self._bereft())

    async def _bereft(self) -> Sequence[Series]:
        """Series that were stored once a message of theirs was offline: they follow it."""
        going = await self.series.in_status(_TO_OFFLINE)
        messages = [step.campaign_id for one in going for step in one.steps]
        offline = await self.offline.offline(messages) if messages else frozenset()
        return [one for one in going if any(step.campaign_id in offline for step in one.steps)]

    async def _is_offline(self, known: Integration) -> bool:
        """Whether every campaign is offline, no worker holds anything of one, and no sync carries people over.

        Then nothing more is sent, and nobody comes on a list by the CRM.

        Once that was so, it is about those that come from the CRM: what was made here since was never linked.
        """
        assert known.left_at is not None, "whoever leaves does so at some time"
        reason = f"the integration was {known.state}"
        origin = None if known.detaching else Origin.CRM
        moved = await self.campaigns.campaigns.take_offline(reason, known.left_at, origin=origin)
        await self._end_series(known, reason)
        for sync in await self.syncs.syncs.active():
            await self.syncs.pause(sync.id)
        flowing = await self.traffic.is_flowing()  # asked once syncs rest: who comes now sees that
        # Only a search that found none any more has seen them all.
        return await self._settle(known) and not (moved or flowing)

    async def _settle(self, known: Integration) -> bool:
        """Whether the books of all that left are closed; each that was is remembered."""
        assert known.left_at is not None, "whoever leaves does so at some time"
        left = await self.campaigns.campaigns.left(known.left_at)
        waiting = [id_ for id_, was in left.items() if was is not CampaignStatus.DRAFT and id_ not in self._settled]
        # All of them, also when one is still held: what others have not sent is skipped meanwhile.
        self._settled.update([id_ for id_ in waiting if await self.campaigns.settle(id_)])
        return self._settled.issuperset(waiting)

    async def _settle_stragglers(self, known: Integration) -> None:
        assert known.finished_at is not None, "it has finished"
        lately = self.timers.now() - known.finished_at <= _STRAGGLERS
        if lately and self.timers.is_time("stragglers", _STRAGGLERS_S):
            self._settled.clear()
            await self._settle(known)
            await self._end_entries(known)

    async def _end_series(self, known: Integration, reason: str) -> None:
        leaving = await self.series.in_status(_TO_OFFLINE) if known.detaching else await self._bereft()
        for series in leaving:
            offline = series.moved_to(SeriesStatus.OFFLINE, reason, at=known.left_at)
            await self.series.save(offline, expected={series.status})
        await self._end_entries(known)

    async def _end_entries(self, known: Integration) -> None:
        """Also of those who came in while their series went offline."""
        for series in await self.series.in_status({SeriesStatus.OFFLINE}):
            if series.status_at == known.left_at:
                await self.entries.end_all(series.id, EntryEnd.STOPPED, self.timers.now())

    async def _without_syncs(self, known: Integration) -> Sequence[Message]:
        """Each is deleted by a run of its own, as if somebody had asked for it."""
        messages: list[Message] = []
        for sync in await self.syncs.syncs.all():
            if self.timers.is_time(f"sync:{sync.id}", _OFFER_S):
                messages += await self._without(sync.id, known)
        return messages

    async def _without(self, sync_id: str, known: Integration) -> Sequence[Message]:
        request = SyncRequested(
            sync_id=sync_id,
            mode=SyncMode.DELETE,
            request_id=f"{sync_id} {known.revision} {known.request}"[:_ID_CHARS],  # of this leaving: one may come late
            confirmed_by=known.by,
        )
        try:
            return await self.remove(request)
        except (Busy, Conflict, UnknownSync):  # others are at it: the next tick goes on, and no other sync waits for it
            self.timers.stop(f"sync:{sync_id}")
            return []
        except StoreUnavailable:  # the messages of the others are lost with this
            self.timers.clear()
            raise
