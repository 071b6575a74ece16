"""What pages need to know of a campaign: where its links lead, and since when all of it is out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain.campaign import Campaign, CampaignStatus
from domain.errors import StoreUnavailable
from domain.mailer import source_of
from domain.template import compiled
from handlers.ports.campaigns import Campaigns

_FRESH_S = 30.0
_MOST = 500


@dataclass(frozen=True, slots=True)
class Known:
    links: tuple[str, ...]  #: click number n leads to links[n]
    out_since: datetime | None  #: when the last mail was sent; None: there may be more to come
    is_offline: bool = False  #: nothing that is told of it counts any more (R102)


class KnownCampaigns:
    """Reads each campaign anew when half a minute has passed; its links only when it was changed."""

    def __init__(self, campaigns: Campaigns, monotonic_s: Callable[[], float]) -> None:
        self._campaigns = campaigns
        self._monotonic_s = monotonic_s
        self._kept: OrderedDict[str, tuple[float, int, Known]] = OrderedDict()

    async def of(self, campaign_id: str) -> Known | None:
        """None: there is no such campaign. While MongoDB is away, what was known of it last.

        Raises:
            StoreUnavailable: nothing was ever known of it, and MongoDB does not answer.
        """
        read_s, revision, known = self._kept.get(campaign_id, (None, None, None))
        if read_s is not None and self._monotonic_s() - read_s < _FRESH_S:
            return known
        try:
            campaign = await self._campaigns.get(campaign_id)
        except StoreUnavailable:
            if known is None:
                raise
            return known
        if campaign is None:
            return None
        links = known.links if known and revision == campaign.revision else _links(campaign)
        out_since = campaign.status_at if campaign.status is CampaignStatus.SENT else None
        found = Known(links, out_since, campaign.status is CampaignStatus.OFFLINE)
        self._kept[campaign_id] = (self._monotonic_s(), campaign.revision, found)
        self._kept.move_to_end(campaign_id)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return found


def _links(campaign: Campaign) -> tuple[str, ...]:
    return compiled(source_of(campaign.content)).links
