"""Who was erased: keyed hashes, counts and dates, no personal data.

{_id: contact id, or the record's key where there was no address, asked_at, by, reason, source,
 records: ["module:~key"], counts: {collection: documents}, again_at, done_at, lifted_at: dates or absent,
 under_way: mails in batches that were being sent then, or absent}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from domain.erasure import Erasure
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed


class MongoErasures:
    def __init__(self, database: Database) -> None:
        self._erasures = collection(database, "erasures")

    async def begin(self, erasure: Erasure) -> Erasure:
        over: Document = {"_id": erasure.id, "lifted_at": {"$exists": True}}
        await answered(self._erasures.delete_one(over))
        first = {"asked_at": erasure.asked_at, "by": erasure.by, "reason": erasure.reason, "source": erasure.source}
        changes: Document = {
            "$setOnInsert": {**first, "counts": {}},
            "$addToSet": {"records": {"$each": sorted(erasure.records)}},
            "$set": {"again_at": erasure.again_at},
        }
        return await self._changed(erasure.id, changes)

    async def add(self, erasure_id: str, counts: Mapping[str, int]) -> None:
        if found := {f"counts.{name}": count for name, count in counts.items() if count}:
            await answered(self._erasures.update_one({"_id": erasure_id}, {"$inc": found}))

    async def done(self, erasure_id: str, at: datetime, under_way: int = 0) -> Erasure:
        first = {"done_at": {"$ifNull": ["$done_at", at]}, "under_way": {"$ifNull": ["$under_way", under_way]}}
        return await self._changed(erasure_id, [{"$set": first}])

    async def settled(self, erasure_id: str, again_at: datetime) -> None:
        seen = {"_id": erasure_id, "again_at": again_at}
        await answered(self._erasures.update_one(seen, {"$unset": {"again_at": ""}}))

    async def due(self, now: datetime, limit: int) -> Sequence[Erasure]:
        cursor = self._erasures.find({"again_at": {"$lte": now}}).sort("again_at", 1).limit(limit)
        return [_erasure(document) async for document in streamed(cursor)]

    async def get(self, erasure_id: str) -> Erasure | None:
        document = await answered(self._erasures.find_one({"_id": erasure_id}))
        return _erasure(document) if document else None

    async def with_records(self, erasure_id: str, records: Collection[str]) -> None:
        more = {"$addToSet": {"records": {"$each": sorted(records)}}}
        await answered(self._erasures.update_one({"_id": erasure_id}, more))

    async def lift(self, erasure_id: str, at: datetime) -> None:
        changes = {"$set": {"lifted_at": at}, "$unset": {"again_at": ""}}
        await answered(self._erasures.update_one({"_id": erasure_id}, changes))

    async def count(self, module: str) -> int:
        stages: list[Document] = [
            {"$match": {"lifted_at": {"$exists": False}}},
            {"$unwind": "$records"},
            {"$match": {"records": {"$gt": f"{module}:~", "$lt": f"{module}:~g"}}},
            {"$count": "records"},
        ]
        return sum([found["records"] async for found in streamed(self._erasures.aggregate(stages))])

    async def _changed(self, erasure_id: str, changes: Any) -> Erasure:
        changed = self._erasures.find_one_and_update(
            {"_id": erasure_id}, changes, upsert=True, return_document=ReturnDocument.AFTER
        )
        return _erasure(await answered(changed))


def _erasure(document: Mapping[str, Any]) -> Erasure:
    return Erasure(
        id=document["_id"],
        asked_at=document["asked_at"],
        by=document["by"],
        reason=document["reason"],
        source=document["source"],
        records=frozenset(document["records"]),
        counts=document["counts"],
        again_at=document.get("again_at"),
        done_at=document.get("done_at"),
        lifted_at=document.get("lifted_at"),
        under_way=document.get("under_way", 0),
    )
