"""What time brings to campaigns: one tick every second or so goes round all concerns (handlers/scheduler_rounds.py)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from domain.campaign import Campaign, CampaignStatus
from handlers.ports.campaigns import Campaigns
from handlers.ports.operations import Leases
from handlers.timers import Timers
from messages.base import Message

_LEASE = "scheduler"

#: One concern: what a campaign needs now, for one reason. Asked again and again, so it bears being repeated.
Concern: TypeAlias = Callable[[Campaign], Awaitable[Sequence[Message]]]
#: Asks one concern; trouble of one campaign is kept from the others (workers/apart.py).
Apart: TypeAlias = Callable[[Concern, Campaign], Awaitable[Sequence[Message]]]


@dataclass(frozen=True, slots=True)
class Round:
    """Concerns of all campaigns with one of these statuses, in this order."""

    name: str
    statuses: frozenset[CampaignStatus]
    concerns: Sequence[Concern]
    every_s: float = 0  #: 0: every tick
    lately: timedelta | None = None  #: only campaigns that came to their status within this time
    only_due: bool = False  #: only campaigns whose time to be sent has come: those that wait may be many, and long


@dataclass(frozen=True, slots=True)
class Scheduler:
    """Any number of processes may tick; the one with the lease does the work."""

    rounds: Sequence[Round]
    campaigns: Campaigns
    leases: Leases
    timers: Timers
    apart: Apart
    owner: str  #: names this process
    lease_s: float = 30

    async def tick(self) -> Sequence[Message]:
        """The messages to publish. Losing them is harmless: what is wanted is asked for again.

        Raises:
            StoreUnavailable: MongoDB is away; the next tick begins anew.
        """
        if not await self.leases.take(_LEASE, self.owner, self.lease_s):
            self.timers.clear()
            return []
        messages: list[Message] = []
        for each in self.rounds:
            if self.timers.is_time(f"round:{each.name}", each.every_s):
                messages += await self._gone(each)
        self.timers.forget()
        return messages

    async def _gone(self, one: Round) -> Sequence[Message]:
        now = self.timers.now()
        since, due = now - one.lately if one.lately else None, now if one.only_due else None
        messages: list[Message] = []
        for campaign in await self.campaigns.in_status(one.statuses, since=since, due=due):
            for concern in one.concerns:
                messages += await self.apart(concern, campaign)
        return messages
