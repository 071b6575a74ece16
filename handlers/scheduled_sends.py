"""D7: campaigns whose time has come are begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.campaign import Campaign
from handlers.timers import Timers
from messages.base import Message
from messages.send_requested import SendRequested


@dataclass(frozen=True, slots=True)
class ScheduledSends:
    timers: Timers
    stall_s: float = 60

    async def __call__(self, campaign: Campaign) -> Sequence[Message]:
        """The request to send it, again every `stall_s` for as long as it stays scheduled."""
        if campaign.send_at is None or campaign.send_at > self.timers.now():
            return []
        if not self.timers.is_time(f"send:{campaign.id}", self.stall_s):
            return []
        return [SendRequested(campaign_id=campaign.id, confirmed_by="scheduler", due=campaign.send_at)]
