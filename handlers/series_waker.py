"""People whose turn in a series may have come by what they did: a click, an open, an unsubscribe."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection

from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.series import Entries

_MOST = 5_000  #: campaigns of which it is kept which series they belong to, if any: that never changes


class SeriesWaker:
    """Has the keeper look at entries soon. Emails of other campaigns cost nothing but a look into memory."""

    def __init__(self, campaigns: Campaigns, entries: Entries, now: Clock) -> None:
        self._campaigns = campaigns
        self._entries = entries
        self._now = now
        self._kept: OrderedDict[str, str | None] = OrderedDict()

    async def __call__(self, email_ids: Collection[str]) -> None:
        """Told twice, it wakes them twice, which is harmless."""
        people: defaultdict[str, set[str]] = defaultdict(set)
        for email_id in email_ids:
            campaign_id, _, rest = email_id.partition(":")
            series_id = await self._series_of(campaign_id)
            if series_id is not None:
                people[series_id].add(rest.partition(":")[0])
        for series_id, contact_ids in people.items():
            await self._entries.wake(series_id, contact_ids, self._now())

    async def _series_of(self, campaign_id: str) -> str | None:
        if campaign_id not in self._kept:
            campaign = await self._campaigns.get(campaign_id)
            self._kept[campaign_id] = campaign.series if campaign else None
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return self._kept[campaign_id]
