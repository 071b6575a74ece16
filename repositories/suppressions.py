"""Suppressions, one document per address.

{_id: contact id, reasons: {<suppression reason>: {at, evidence}}}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pymongo import UpdateOne

from domain.eligibility import SuppressionReason
from domain.lists import Suppression
from repositories.bulk import written
from repositories.connection import Database, collection
from repositories.errors import answered, streamed


class MongoSuppressions:
    def __init__(self, database: Database) -> None:
        self._suppressions = collection(database, "suppressions")

    async def of(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[SuppressionReason]]:
        cursor = self._suppressions.find({"_id": {"$in": list(contact_ids)}})
        return {
            document["_id"]: frozenset(SuppressionReason(reason) for reason in document["reasons"])
            async for document in streamed(cursor)
        }

    async def add(self, suppressions: Sequence[Suppression]) -> None:
        await written(self._suppressions, [_adding(each) for each in suppressions])

    async def details(self, contact_id: str) -> Sequence[Suppression]:
        """Every reason with its time and evidence, the oldest first."""
        document = await answered(self._suppressions.find_one({"_id": contact_id}))
        found = [
            Suppression(contact_id, SuppressionReason(reason), entry["at"], entry["evidence"])
            for reason, entry in (document or {"reasons": {}})["reasons"].items()
        ]
        return sorted(found, key=lambda each: (each.at, each.reason))


def _adding(each: Suppression) -> UpdateOne:
    """Sets a reason that is not there. Filtered by nothing but the _id, two workers cannot get in each other's way."""
    field = f"reasons.{each.reason}"
    entry = {"$literal": {"at": each.at, "evidence": each.evidence}}
    return UpdateOne({"_id": each.contact_id}, [{"$set": {field: {"$ifNull": [f"${field}", entry]}}}], upsert=True)
