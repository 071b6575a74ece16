"""Holding a batch while it is being sent: its lease is renewed, and it is known when to stop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from domain.campaign import CampaignStatus
from domain.errors import StoreUnavailable
from domain.slices import Slice
from handlers.ports import Campaigns, Slices

_SAFE = 2 / 3  #: of a lease: while renewing fails, mails are begun no longer than that


class Hold:
    """What the sender asks before each mail."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self.stopping = stopping  #: whether this process is to end
        self.ours = True  #: whether the lease is surely ours
        self.wanted = True  #: whether the campaign is still being sent

    def keep_going(self) -> bool:
        return self.ours and self.wanted and not self.stopping()


@dataclass(frozen=True, slots=True)
class Holder:
    """Keeps slices: renews the lease every third of it, and looks after the campaign every `look_s`."""

    campaigns: Campaigns
    slices: Slices
    stopping: Callable[[], bool]
    lease_s: float = 60
    look_s: float = 1
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    elapsed: Callable[[], float] = time.monotonic  #: seconds, from any beginning

    @contextlib.asynccontextmanager
    async def holding(self, held: Slice) -> AsyncIterator[Hold]:
        hold = Hold(self.stopping)
        task = asyncio.create_task(self._keep(held, hold, renewed=self.elapsed()))
        try:
            yield hold
        finally:
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()  # a bug in there is not to be silent

    async def _keep(self, held: Slice, hold: Hold, renewed: float) -> None:
        try:
            while hold.ours:  # also while the last answers are waited for
                await self.sleep(self.look_s)
                renewed = await self._looked(held, hold, renewed)
        finally:
            hold.ours = False  # nobody renews any more, be it for a bug

    async def _looked(self, held: Slice, hold: Hold, renewed: float) -> float:
        """When the lease was renewed last."""
        try:
            hold.wanted = await self._is_sending(held.campaign_id)
            if self.elapsed() - renewed >= self.lease_s / 3:
                begun = self.elapsed()
                hold.ours = await self._renewed(held)
                return begun
        except (StoreUnavailable, TimeoutError):
            hold.ours = self.elapsed() - renewed < self.lease_s * _SAFE
        return renewed

    async def _is_sending(self, campaign_id: str) -> bool:
        async with asyncio.timeout(self.lease_s / 6):
            campaign = await self.campaigns.get(campaign_id)
        return campaign is not None and campaign.status is CampaignStatus.SENDING

    async def _renewed(self, held: Slice) -> bool:
        async with asyncio.timeout(self.lease_s / 6):
            return await self.slices.renew(held, self.lease_s)
