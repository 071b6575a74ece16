"""What still comes to one person of a series, reckoned as the scheduler would at this moment. Only reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.campaign import Campaign, CampaignStatus
from domain.planning import zone_said
from domain.series import Entry, Series
from domain.series_child import OVER
from domain.series_outlook import Ahead, outlook
from domain.series_steps import rows_wanted
from domain.series_turns import Person, Turns
from handlers.ports.audience import Contacts
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails


@dataclass(frozen=True, slots=True)
class Outlooks:
    emails: Emails
    contacts: Contacts
    now: Clock
    zone: str = "UTC"  #: of people whose own is not known

    async def of(self, series: Series, entry: Entry, messages: Mapping[str, Campaign]) -> Sequence[Ahead]:
        """In the order of the series. `messages` are its campaigns, by key."""
        contact = (await self.contacts.load([entry.contact_id])).get(entry.contact_id)
        person = Person(contact.values(), zone_said(contact) or self.zone) if contact else Person({}, self.zone)
        wanted = list(rows_wanted(series, entry))
        rows = {row.id: row for row in (await self.emails.load(wanted) if wanted else [])}
        steps = {step.key: step for step in series.steps}
        over = {key for key, each in messages.items() if each.status in OVER}
        sending = {key for key, each in messages.items() if each.status is CampaignStatus.SENDING}
        return outlook(Turns(entry, person, steps, rows, self.now(), over), sending)
