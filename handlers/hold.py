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
from handlers.ports.campaigns import Campaigns
from handlers.ports.ledger import Slices

_SAFE = 2 / 3  #: of a lease: while renewing fails, mails are begun no longer than that


class Hold:
    """What the sender asks before each mail."""

    def __init__(self, stopping: Callable[[], bool], is_over: Callable[[], bool]) -> None:
        self.stopping = stopping  #: whether this process is to end
        #: Whether the lease may be over by the clock: when a frozen process wakes up, the sender may run before the
        #: task that would find out.
        self.is_over = is_over
        self.ours = True  #: whether the lease is surely ours
        self.wanted = True  #: whether the campaign is still being sent

    def keep_going(self) -> bool:
        return self.ours and self.wanted and not self.is_over() and not self.stopping()


@dataclass(slots=True)
class _Lease:
    """When it was renewed last, on the clock of `elapsed`."""

    renewed: float
    safe_s: float
    elapsed: Callable[[], float]

    def is_over(self) -> bool:
        return self.elapsed() - self.renewed >= self.safe_s


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
    async def holding(self, held: Slice, asked_at: float) -> AsyncIterator[Hold]:
        """`asked_at` is when the lease was asked for, on the clock of `elapsed`: it runs from then, not the answer.

        A process that was frozen in between would otherwise begin to send on a lease that is long over.
        """
        lease = _Lease(asked_at, self.lease_s * _SAFE, self.elapsed)
        hold = Hold(self.stopping, lease.is_over)
        task = asyncio.create_task(self._keep(held, hold, lease))
        try:
            yield hold
        finally:
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()  # a bug in there is not to be silent

    async def _keep(self, held: Slice, hold: Hold, lease: _Lease) -> None:
        try:
            while hold.ours:  # also while the last answers are waited for
                await self.sleep(self.look_s)
                await self._looked(held, hold, lease)
        finally:
            hold.ours = False  # nobody renews any more, be it for a bug

    async def _looked(self, held: Slice, hold: Hold, lease: _Lease) -> None:
        try:
            hold.wanted = await self._is_sending(held.campaign_id)
            if self.elapsed() - lease.renewed >= self.lease_s / 3:
                begun = self.elapsed()
                hold.ours = await self._renewed(held)
                lease.renewed = begun
        except (StoreUnavailable, TimeoutError):
            hold.ours = not lease.is_over()

    async def _is_sending(self, campaign_id: str) -> bool:
        async with asyncio.timeout(self.lease_s / 6):
            campaign = await self.campaigns.get(campaign_id)
        return campaign is not None and campaign.status is CampaignStatus.SENDING

    async def _renewed(self, held: Slice) -> bool:
        async with asyncio.timeout(self.lease_s / 6):
            return await self.slices.renew(held, self.lease_s)
