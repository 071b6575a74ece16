"""People whose turn in a series may have come by what they did: a click, an open, an unsubscribe."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping

from domain.email import EmailState, email_id
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails
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
        for each in email_ids:
            series_id = await self._series_of(each.partition(":")[0])
            if series_id is not None:
                people[series_id].add(_contact(each))
        for series_id, contact_ids in people.items():
            await self._entries.wake(series_id, contact_ids, self._now())

    async def last_sent(self, email_ids: Collection[str], emails: Emails) -> Mapping[str, str]:
        """Which email of a message of a series its person was sent last, by the id of their first one."""
        ours = [each for each in email_ids if await self._series_of(each.partition(":")[0]) is not None]
        rows = await emails.of_people({_contact(each) for each in ours}) if ours else []
        sent = [(row.state_at, row) for row in rows if row.state is EmailState.SENT and row.state_at is not None]
        last = {email_id(row.campaign_id, row.contact_id): row.id for _, row in sorted(sent, key=lambda one: one[0])}
        return {each: last[each] for each in ours if each in last}

    async def _series_of(self, campaign_id: str) -> str | None:
        if campaign_id not in self._kept:
            campaign = await self._campaigns.get(campaign_id)
            self._kept[campaign_id] = campaign.series if campaign else None
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return self._kept[campaign_id]


def _contact(email: str) -> str:
    return email.split(":", 2)[1] if ":" in email else ""
