"""Somebody approves a reviewed campaign (D9, four eyes)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.approval import approved
from domain.campaign import Campaign
from domain.errors import UnknownCampaign
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Approver:
    campaigns: Campaigns
    now: Clock

    async def __call__(self, campaign_id: str, by: str) -> Campaign:
        """The campaign with the approval of `by`. The same approval again changes nothing, its time neither.

        Raises:
            UnknownCampaign, IllegalTransition, NotReady: as they say.
            Conflict: somebody changed it at the same time.
        """
        campaign = await self.campaigns.get(campaign_id)
        if campaign is None:
            raise UnknownCampaign(f"campaign {campaign_id} is not stored; `campaigns campaign show` lists all")
        changed = approved(campaign, by, self.now())
        return campaign if changed == campaign else await self.campaigns.save(changed, expected={campaign.status})
