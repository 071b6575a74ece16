"""Delivery events in memory."""

from __future__ import annotations

from collections.abc import Sequence

from domain.events import StoredEvent


class MemoryEvents:
    def __init__(self, *events: StoredEvent) -> None:
        self.stored = {event.id: event for event in events}

    async def add(self, events: Sequence[StoredEvent]) -> None:
        for event in events:
            self.stored.setdefault(event.id, event)

    async def of_email(self, email_id: str) -> Sequence[StoredEvent]:
        found = [event for event in self.stored.values() if event.email_id == email_id]
        return sorted(found, key=lambda event: (event.at, event.id))
