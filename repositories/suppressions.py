"""Suppressions, one document per address.

{_id: contact id, reasons: {<suppression reason>: {at, evidence}},
 lifted: [{reason, at, evidence, lifted_at, because}], absent while nobody took one back,
 feed: [{reason, at, evidence}]: reasons that the feed has not told}

A document stays when its last reason is lifted: that it was, by whom and why, is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from domain.eligibility import SuppressionReason
from domain.lists import Lifted, Suppression
from repositories.bulk import written
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed

#: Reasons that others are told of; what somebody did by hand, here, is known to whoever did it.
TOLD = frozenset({SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED, SuppressionReason.HARD_BOUNCED})


class MongoSuppressions:
    def __init__(self, database: Database, *, feed: bool = True) -> None:
        self._suppressions = collection(database, "suppressions")
        self._feed = feed

    async def of(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[SuppressionReason]]:
        cursor = self._suppressions.find({"_id": {"$in": list(contact_ids)}})
        return {
            document["_id"]: frozenset(SuppressionReason(reason) for reason in document["reasons"])
            for document in await answered(cursor.to_list(None))
            if document["reasons"]
        }

    async def add(self, suppressions: Sequence[Suppression]) -> None:
        await written(self._suppressions, [_adding(each, feed=self._feed) for each in suppressions])

    async def details(self, contact_id: str) -> Sequence[Suppression]:
        """Every reason with its time and evidence, the oldest first."""
        document = await answered(self._suppressions.find_one({"_id": contact_id}))
        return _details(document) if document else []

    async def lift(self, suppression: Suppression, *, at: datetime, because: str) -> bool:
        """Take one reason back, and keep that it was; False when it is not, or no longer, as given."""
        field = f"reasons.{suppression.reason}"
        guard = {"_id": suppression.contact_id, f"{field}.at": suppression.at}
        entry = {
            "reason": suppression.reason,
            "at": suppression.at,
            "evidence": suppression.evidence,
            "lifted_at": at,
            "because": because,
        }
        changes = {"$unset": {field: ""}, "$push": {"lifted": entry}}
        return bool((await answered(self._suppressions.update_one(guard, changes))).modified_count)

    async def lifted(self, contact_id: str) -> Sequence[Lifted]:
        """What was taken back, in the order it was."""
        document = await answered(self._suppressions.find_one({"_id": contact_id}))
        return [_lifted(contact_id, entry) for entry in (document or {}).get("lifted", ())]

    async def page(self, *, after: str = "", limit: int = 50) -> Sequence[Suppression]:
        """All reasons of the next suppressed after the one of that contact id, ascending by contact id."""
        cursor = self._suppressions.find({"_id": {"$gt": after}, "reasons": {"$ne": {}}}).sort("_id", 1).limit(limit)
        return [each async for document in streamed(cursor) for each in _details(document)]

    async def count(self) -> int:
        """How many addresses are suppressed, for whatever reasons; looks at all of them."""
        return await answered(self._suppressions.count_documents({"reasons": {"$ne": {}}}))


def _details(document: Mapping[str, Any]) -> list[Suppression]:
    found = [
        Suppression(document["_id"], SuppressionReason(reason), entry["at"], entry["evidence"])
        for reason, entry in document["reasons"].items()
    ]
    return sorted(found, key=lambda each: (each.at, each.reason))


def _lifted(contact_id: str, entry: Mapping[str, Any]) -> Lifted:
    suppression = Suppression(contact_id, SuppressionReason(entry["reason"]), entry["at"], entry["evidence"])
    return Lifted(suppression, entry["lifted_at"], entry["because"])


def _adding(each: Suppression, *, feed: bool) -> UpdateOne:
    """Sets a reason that is not there. Filtered by nothing but the _id, two workers cannot get in each other's way."""
    field = f"reasons.{each.reason}"
    entry = {"$literal": {"at": each.at, "evidence": each.evidence}}
    changes: Document = {field: {"$ifNull": [f"${field}", entry]}}
    if feed and each.reason in TOLD:
        changes["feed"] = _news(field, each)
    return UpdateOne({"_id": each.contact_id}, [{"$set": changes}], upsert=True)


def _news(field: str, each: Suppression) -> Document:
    """What the feed has to tell, with this reason if nobody had given it before."""
    waiting: Document = {"$ifNull": ["$feed", []]}
    news: Document = {"$literal": [{"reason": each.reason, "at": each.at, "evidence": each.evidence}]}
    is_new = {"$eq": [{"$type": f"${field}"}, "missing"]}
    return {"$cond": [is_new, {"$concatArrays": [waiting, news]}, {"$ifNull": ["$feed", "$$REMOVE"]}]}
