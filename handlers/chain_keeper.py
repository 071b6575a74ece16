"""Chains that died go on: a batch that nobody takes is offered again, for its message may have died with a worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.campaign import Campaign
from domain.slices import Slice, SliceState
from handlers.batch_cutter import offer
from handlers.ports.ledger import Slices
from handlers.timers import LONGEST_S, Timers
from handlers.warm_up_gate import WarmUpGate
from messages.base import Message

_LOOKS = 4  #: in the time after which a chain counts as stalled
_LONGEST_LOOK_S = 60.0  #: shorter than timers are kept


@dataclass(frozen=True, slots=True)
class ChainKeeper:
    """Offers the head of a chain `stall_s` after it came to stand there, then 2, 4, 8 … times that later, up to 10 min.

    When it had only been waiting in a long queue, the second message dies out. Whatever moves, the batch or the
    campaign, begins anew.
    """

    slices: Slices
    gate: WarmUpGate
    timers: Timers
    stall_s: float = 60

    async def __call__(self, campaign: Campaign) -> Sequence[Message]:
        """The heads that stand still. While the sending domain has used up its day they are to."""
        if not self.timers.is_time(f"chains:{campaign.id}", min(_LONGEST_LOOK_S, self.stall_s / _LOOKS)):
            return []
        if await self.gate.waits_s(campaign.sender.domain):
            return []
        heads = await self.slices.heads(campaign.id, campaign.slices, campaign.chains)
        waiting = [each for each in heads if each.state is SliceState.PLANNED]
        return [offer(each, campaign) for each in waiting if self._stalls(campaign, each)]

    def _stalls(self, campaign: Campaign, head: Slice) -> bool:
        stand = f"head:{head.id}:{head.epoch}:{campaign.revision}"
        return self.timers.has_waited(stand, self.stall_s, longest_s=LONGEST_S)
