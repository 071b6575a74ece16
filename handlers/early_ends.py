"""Campaigns that were ended early: what workers let go of since is skipped (R75)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.campaign import Campaign
from handlers.campaign_moves import CampaignMoves
from messages.base import Message

SETTLED_AFTER = timedelta(days=1)  #: nobody holds anything then


@dataclass(frozen=True, slots=True)
class EarlyEnds:
    moves: CampaignMoves

    async def __call__(self, campaign: Campaign) -> Sequence[Message]:
        await self.moves.settle(campaign.id)
        return []
