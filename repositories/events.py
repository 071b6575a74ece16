"""Delivery events as they came, one document each.

{_id: the provider's event id, email_id, event, at, evidence: {code, enhanced, text, source}, url, user_agent}
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.events import StoredEvent
from repositories.bulk import insert_missing
from repositories.connection import Database, Document, collection
from repositories.errors import streamed


class MongoEvents:
    def __init__(self, database: Database) -> None:
        self._events = collection(database, "events")

    async def add(self, events: Sequence[StoredEvent]) -> None:
        await insert_missing(self._events, [_document(event) for event in events])

    async def of_email(self, email_id: str) -> Sequence[StoredEvent]:
        """What was reported of one email, the oldest first."""
        cursor = self._events.find({"email_id": email_id}).sort([("at", 1), ("_id", 1)])
        return [StoredEvent(id=document.pop("_id"), **document) async for document in streamed(cursor)]


def _document(event: StoredEvent) -> Document:
    return {
        "_id": event.id,
        "email_id": event.email_id,
        "event": event.event,
        "at": event.at,
        "evidence": event.evidence,
        "url": event.url,
        "user_agent": event.user_agent,
    }
