"""What speaks against messages of a series at the moment at which their batch is claimed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.campaign import Campaign
from domain.email import Email
from domain.series_claim import Objection, objection
from handlers.ports.audience import Contacts
from handlers.ports.clock import Clock
from handlers.ports.series import Entries, SeriesStore


@dataclass(frozen=True, slots=True)
class SeriesClaims:
    series: SeriesStore
    entries: Entries
    contacts: Contacts
    now: Clock
    zone: str = "UTC"  #: of people whose own is not known

    async def __call__(self, campaign: Campaign, rows: Sequence[Email]) -> Mapping[str, Objection]:
        """By row id, of those that do not go out now; nothing is asked for other campaigns."""
        if campaign.series is None or not rows:
            return {}
        ids = {row.contact_id for row in rows}
        series, contacts, entries = await asyncio.gather(
            self.series.get(campaign.series), self.contacts.load(ids), self.entries.latest(campaign.series, ids)
        )
        if series is None:
            return {}
        now = self.now()
        found = {
            row.id: objection(series, row, contact, entries.get(row.contact_id), now, self.zone)
            for row in rows
            if (contact := contacts.get(row.contact_id)) is not None
        }
        return {row_id: each for row_id, each in found.items() if each is not None}
