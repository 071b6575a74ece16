"""Delivery events in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from domain.events import Overruled, StoredEvent


class MemoryEvents:
    def __init__(self, *events: StoredEvent) -> None:
        self.stored = {event.id: event for event in events}
        self.overruled: list[Overruled] = []

    async def add(self, events: Sequence[StoredEvent]) -> None:
        for event in events:
            self.stored.setdefault(event.id, event)

    async def known(self, event_ids: Collection[str]) -> frozenset[str]:
        return frozenset(event_ids) & self.stored.keys()

    async def of_email(self, email_id: str) -> Sequence[StoredEvent]:
        return await self.of_emails([email_id])

    async def of_emails(self, email_ids: Collection[str]) -> Sequence[StoredEvent]:
        found = [event for event in self.stored.values() if event.email_id in email_ids]
        return sorted(found, key=lambda event: (event.at, event.id))

    async def bounced(self, campaign_id: str, since: datetime | None = None) -> AsyncIterator[str]:
        told = [event for event in self.stored.values() if event.event == "bounced"]
        for email in sorted({event.email_id for event in told if since is None or event.at >= since}):
            if email.startswith(f"{campaign_id}:"):
                yield email

    async def overrule(self, overruled: Sequence[Overruled]) -> None:
        for each in overruled:
            known = self.stored.get(each.event_id)
            if known is not None and known.ruling == each.was:
                self.stored[known.id] = replace(known, ruling=each.now)
                self.overruled.append(each)
