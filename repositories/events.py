"""Delivery events as they came, one document each.

{_id: the provider's event id, email_id, event, at, evidence: {code, enhanced, text, source}, url, user_agent,
 by_machine: absent means no,
 ruling: {state, reason, rule, dead} of a bounce, as the rules were when it came or was last ruled on again,
 overruled: [{at, was: {state, reason, rule, dead}}], what was ruled before; absent where nothing ever was}
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from domain.email import EmailState
from domain.events import Overruled, StoredEvent
from domain.ruling import Ruling
from repositories.bulk import insert_missing, written
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed

_AT_ONCE = 1000  #: events per round trip when all bounces of a campaign are gone through


class MongoEvents:
    def __init__(self, database: Database) -> None:
        self._events = collection(database, "events")

    async def add(self, events: Sequence[StoredEvent]) -> None:
        """For events that are not `known`, but for a few: one id that is taken has MongoDB insert its whole command
        anew."""
        await insert_missing(self._events, [_document(event) for event in {e.id: e for e in reversed(events)}.values()])

    async def known(self, event_ids: Collection[str]) -> frozenset[str]:
        cursor = self._events.find({"_id": {"$in": list(event_ids)}}, {"_id": 1}).batch_size(len(event_ids) + 1)
        return frozenset([document["_id"] for document in await answered(cursor.to_list(None))])

    async def of_email(self, email_id: str) -> Sequence[StoredEvent]:
        """What was reported of one email, the oldest first."""
        return await self._found({"email_id": email_id}, {})

    async def of_emails(self, email_ids: Collection[str]) -> Sequence[StoredEvent]:
        """The same of several, without the excerpts of mails that came in: those are up to 32 KiB each."""
        return await self._found({"email_id": {"$in": list(email_ids)}}, {"evidence.raw": 0})

    async def bounced(self, campaign_id: str, since: datetime | None = None) -> AsyncIterator[str]:
        """Ids of the emails of a campaign that bounces were reported of, since then or ever; ascending, each once."""
        found: Document = {"email_id": {"$gt": f"{campaign_id}:", "$lt": f"{campaign_id};"}, "event": "bounced"}
        when = {"at": {"$gte": since}} if since else {}
        cursor = self._events.find({**found, **when}, {"email_id": 1}).sort("email_id", 1).batch_size(_AT_ONCE)
        last = ""
        async for document in streamed(cursor):
            if document["email_id"] != last:
                last = document["email_id"]
                yield last

    async def overrule(self, overruled: Sequence[Overruled]) -> None:
        """Keep what the rules say now, and what they said before; where something else is stored, nothing changes."""
        await written(self._events, [_overruling(each) for each in overruled])

    async def _found(self, query: Document, fields: Document) -> Sequence[StoredEvent]:
        cursor = self._events.find(query, fields or None).sort([("at", 1), ("_id", 1)])
        return [_event(document) for document in await answered(cursor.to_list(None))]


def _overruling(each: Overruled) -> UpdateOne:
    was = _ruling_document(each.was) if each.was else None
    changes = {"$set": {"ruling": _ruling_document(each.now)}, "$push": {"overruled": {"at": each.at, "was": was}}}
    return UpdateOne({"_id": each.event_id, "ruling": was}, changes)


def _document(event: StoredEvent) -> Document:
    told: Document = {"by_machine": True} if event.by_machine else {}
    ruled: Document = {"ruling": _ruling_document(event.ruling)} if event.ruling else {}
    return {
        "_id": event.id,
        "email_id": event.email_id,
        "event": event.event,
        "at": event.at,
        "evidence": event.evidence,
        "url": event.url,
        "user_agent": event.user_agent,
        **told,
        **ruled,
    }


def _ruling_document(ruling: Ruling) -> Document:
    return {"state": ruling.state, "reason": ruling.reason, "rule": ruling.rule, "dead": ruling.dead}


def _event(document: Mapping[str, Any]) -> StoredEvent:
    ruled = document.get("ruling")
    return StoredEvent(
        id=document["_id"],
        email_id=document["email_id"],
        event=document["event"],
        at=document["at"],
        evidence=document["evidence"],
        url=document["url"],
        user_agent=document["user_agent"],
        by_machine=document.get("by_machine", False),
        ruling=Ruling(EmailState(ruled["state"]), ruled["reason"], ruled["rule"], ruled["dead"]) if ruled else None,
    )
