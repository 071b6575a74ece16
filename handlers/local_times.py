"""A campaign that goes out at one time of day, wherever its readers live (D7).

Its people wait on their rows of the ledger, as deferred ones do, and the scheduler sends whoever is due: there is no
first round of batches. Their zones are those of the review; whose time is past when the campaign begins is due at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.campaign import Campaign
from domain.email import NO_SLICE
from domain.send_times import SendTimes, local_time, times
from handlers.ports.ledger import Emails

SLICES_AT_ONCE = 50  #: some thousands of people: seconds of MongoDB's work


@dataclass(frozen=True, slots=True)
class LocalTimes:
    emails: Emails
    otherwise: str = "UTC"  #: the zone of people whose own is not known

    async def of(self, campaign: Campaign, local: datetime) -> SendTimes:
        """When its people would get it."""
        return times(local, await self.emails.time_zones(campaign.id), self.otherwise)

    async def spread(self, campaign: Campaign, now: datetime) -> None:
        """Let everybody wait for their time, or nobody where the campaign has no local time. Told twice, the same."""
        if campaign.local_time is None:  # somebody may have died while they began to wait, and it was sent otherwise
            await self.emails.hasten(campaign.id, now)
            return
        found = await self.of(campaign, local_time(campaign.local_time))
        for first in range(NO_SLICE, campaign.slices, SLICES_AT_ONCE):
            await self.emails.wait_for(campaign.id, first, first + SLICES_AT_ONCE, found)
