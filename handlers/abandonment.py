"""Batches of dead workers: begun, they are closed; either way their chain goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from domain.campaign import Campaign
from domain.slices import Slice, SliceState
from handlers.abandoned import put_in_doubt
from handlers.batch_cutter import offer
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails, Slices
from handlers.timers import LONGEST_S, Timers
from messages.base import Message

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Abandonment:
    emails: Emails
    slices: Slices
    timers: Timers
    now: Clock
    #: A worker that MongoDB was kept from for longer than its lease has this long to store its answers and let go.
    #: Longer than it pauses between tries (workers/retry.py).
    grace_s: float = 15
    stall_s: float = 60

    async def __call__(self, campaign: Campaign) -> Sequence[Message]:
        """The batches themselves: who takes one that is closed goes on with its chain."""
        dead = [each for each in await self.slices.abandoned(campaign.id) if self._is_dead(each)]
        for each in dead:
            if each.state is SliceState.STARTED:
                doubtful = await put_in_doubt(each, self.emails, self.slices, self.now())
                _log.warning("slice_abandoned", campaign_id=campaign.id, slice=each.number, in_doubt=doubtful)
        return [offer(each, campaign) for each in dead if self._is_to_offer(each)]

    def _is_dead(self, abandoned: Slice) -> bool:
        """Whether its worker can have nothing more to say: at once if it never began, else after the grace."""
        begun = abandoned.state is SliceState.STARTED
        return not begun or self.timers.has_waited(f"silent:{abandoned.id}:{abandoned.epoch}", self.grace_s)

    def _is_to_offer(self, each: Slice) -> bool:
        return self.timers.is_time(f"abandoned:{each.id}:{each.epoch}", self.stall_s, longest_s=LONGEST_S)
