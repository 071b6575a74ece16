"""Picked records that are too many to stand in a campaign, in chunks.

{_id: "<key>/<number>", selection: key, number, refs: ["module:record_id"], campaign_id,
 revision: of the campaign when it was loaded by whoever wrote this}

A chunk is written once; only an erasure changes it, which puts a stand-in in the place of a record (traces/picked.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from repositories.bulk import insert_missing
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed


class MongoSelections:
    def __init__(self, database: Database) -> None:
        self._selections = collection(database, "selections")

    async def put(
        self, key: str, number: int, refs: Sequence[str], *, campaign_id: str, revision: int
    ) -> Sequence[str]:
        document = {
            "_id": _id(key, number),
            "selection": key,
            "number": number,
            "refs": list(refs),
            "campaign_id": campaign_id,
            "revision": revision,
        }
        await insert_missing(self._selections, [document])
        return await self.chunk(key, number)

    async def chunk(self, key: str, number: int) -> Sequence[str]:
        found = await answered(self._selections.find_one({"_id": _id(key, number)}, {"refs": 1}))
        return found["refs"] if found else []

    async def numbers(self, key: str) -> Sequence[int]:
        cursor = self._selections.find(_of(key), {"_id": 1})
        return sorted([int(document["_id"].rpartition("/")[2]) async for document in streamed(cursor)])

    async def sizes(self, key: str) -> Mapping[int, int]:
        cursor = self._selections.find(_of(key), {"number": 1, "size": {"$size": "$refs"}})
        return {document["number"]: document["size"] async for document in streamed(cursor)}

    async def holding(self, key: str, refs: Collection[str]) -> frozenset[str]:
        wanted = list(refs)
        if not wanted:
            return frozenset()
        found: Document = {"$filter": {"input": "$refs", "as": "ref", "cond": {"$in": ["$$ref", wanted]}}}
        query = {"selection": key, "refs": {"$in": wanted}}
        cursor = self._selections.find(query, {"found": found})
        return frozenset([ref async for document in streamed(cursor) for ref in document["found"]])

    async def forget(self, campaign_id: str, *, before: int, keep: str) -> None:
        stale = {"campaign_id": campaign_id, "revision": {"$lt": before}, "selection": {"$ne": keep}}
        await answered(self._selections.delete_many(stale))


def _of(key: str) -> Document:
    """All ids of a selection; "0" is the character after "/"."""
    return {"_id": {"$gt": f"{key}/", "$lt": f"{key}0"}}


def _id(key: str, number: int) -> str:
    return f"{key}/{number}"
