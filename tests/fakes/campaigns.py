"""Campaigns in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.campaign import NEXT, Campaign, CampaignStatus, Origin
from domain.errors import Conflict, UnknownCampaign


class MemoryCampaigns:
    def __init__(self, *campaigns: Campaign) -> None:
        self.stored: dict[str, Campaign] = {each.id: replace(each, revision=1) for each in campaigns}
        self.next_slice: dict[str, int] = {}

    async def get(self, campaign_id: str) -> Campaign | None:
        return self.stored.get(campaign_id)

    async def add(self, campaign: Campaign) -> None:
        if campaign.id in self.stored:
            raise Conflict(f"campaign {campaign.id} exists already")
        self.stored[campaign.id] = replace(campaign, revision=1)

    async def save(self, campaign: Campaign, *, expected: Collection[CampaignStatus]) -> Campaign:
        known = self.stored.get(campaign.id)
        if known is None or known.revision != campaign.revision or known.status not in expected:
            raise Conflict(f"campaign {campaign.id} was changed by somebody else")
        self.stored[campaign.id] = replace(campaign, revision=campaign.revision + 1)
        return self.stored[campaign.id]

    async def in_status(
        self,
        statuses: Collection[CampaignStatus],
        *,
        since: datetime | None = None,
        due: datetime | None = None,
    ) -> Sequence[Campaign]:
        found = [campaign for campaign in await self.all() if campaign.status in statuses]
        found = [each for each in found if since is None or (each.status_at is not None and each.status_at >= since)]
        return [each for each in found if due is None or (each.send_at is not None and each.send_at <= due)]

    async def take_slice_numbers(self, campaign_id: str, count: int) -> int:
        if campaign_id not in self.stored:
            raise UnknownCampaign(f"campaign {campaign_id} is not stored")
        first = max(self.stored[campaign_id].slices, self.next_slice.get(campaign_id, 0))
        self.next_slice[campaign_id] = first + count
        return first

    async def take_offline(self, reason: str, at: datetime, *, origin: Origin | None = None) -> int:
        going = [each for each in await self.all() if _goes(each) and origin in (None, each.origin)]
        for each in going:
            offline = each.moved_to(CampaignStatus.OFFLINE, reason, at=at)
            self.stored[each.id] = replace(offline, revision=each.revision + 1)
        return len(going)

    async def going(self, origin: Origin) -> frozenset[str]:
        return frozenset(each.id for each in await self.all() if _goes(each) and each.origin is origin)

    async def left(self, at: datetime) -> Mapping[str, CampaignStatus | None]:
        gone = await self.in_status({CampaignStatus.OFFLINE})
        return {each.id: each.left_as for each in gone if each.status_at == at}

    async def offline(self, campaign_ids: Collection[str]) -> frozenset[str]:
        return frozenset(each.id for each in await self.in_status({CampaignStatus.OFFLINE}) if each.id in campaign_ids)

    async def ids(self) -> frozenset[str]:
        return frozenset(self.stored)

    async def all(self) -> Sequence[Campaign]:
        return [self.stored[key] for key in sorted(self.stored)]


def _goes(campaign: Campaign) -> bool:
    return CampaignStatus.OFFLINE in NEXT[campaign.status]
