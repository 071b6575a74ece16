"""Messages that were given up, whole.

{_id: see domain.parked.parked_id, message_id: the logical id, queue, type, reason, error, attempts, first_seen,
 parked_at, worker, headers: [{k: name, v: value}], content_type, body_bytes: size of the body, body: bytes,
 times: how often it was parked, replayed: how often it was replayed before that,
 taken_by, taken_until: who replays it, and for how long nobody else does, on the server's clock}

A body that is larger than a document should be is absent here and a GridFS file in parked_bodies: `body_file` names it,
and every parking has a file of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pymongo import ReturnDocument

from domain.parked import EVERY_ONE, ParkedMessage, Which
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.parked_bodies import LARGE_BYTES, ParkedBodies
from repositories.parked_documents import document_of, message_of, query_of
from repositories.server_clock import in_seconds, is_over

#: What is shown in lists: everything but the body.
_WITHOUT_BODY = {"body": 0}
_FREE: Document = {"$or": [{"taken_until": {"$exists": False}}, {"$expr": is_over("$taken_until")}]}
_NOBODYS = {"taken_by": "", "taken_until": ""}


class MongoParked:
    def __init__(self, database: Database) -> None:
        self._parked = collection(database, "parked")
        self._bodies = ParkedBodies(database)

    async def park(self, message: ParkedMessage) -> None:
        """Keep it; one with the same id is replaced and counted, and nobody's replay takes it away any more."""
        document = document_of(message)
        if len(message.body) > LARGE_BYTES:
            document["body_file"] = await self._bodies.store(message.id, document.pop("body"))
        update = {
            "$set": document,
            "$unset": {**_NOBODYS, "body" if "body_file" in document else "body_file": ""},
            "$inc": {"times": 1},
            "$min": {"first_seen": message.first_seen},
            "$max": {"replayed": message.replayed},
        }
        replaced = self._parked.find_one_and_update(
            {"_id": message.id}, update, _WITHOUT_BODY, upsert=True, return_document=ReturnDocument.BEFORE
        )
        await self._bodies.drop([await answered(replaced) or {}])

    async def get(self, parked_id: str) -> ParkedMessage | None:
        document = await answered(self._parked.find_one({"_id": parked_id}))
        return await self._whole(document) if document else None

    async def page(self, which: Which = EVERY_ONE, *, limit: int = 50) -> Sequence[ParkedMessage]:
        """The newest first, with empty bodies: `get` has them. A limit of 0 is none."""
        cursor = self._parked.find(query_of(which), _WITHOUT_BODY).sort("parked_at", -1).limit(limit)
        return [message_of(document) async for document in streamed(cursor)]

    async def count(self, which: Which = EVERY_ONE) -> int:
        return await answered(self._parked.count_documents(query_of(which)))

    async def counts(self) -> Mapping[str, int]:
        """How many there are, by queue."""
        found = Counter[str]()
        for (queue, _), count in (await self.tally()).items():
            found[queue] += count
        return dict(found)

    async def tally(self) -> Mapping[tuple[str, str], int]:
        """How many there are, by queue and reason; read off an index."""
        kinds = {"_id": {"queue": "$queue", "reason": "$reason"}, "count": {"$sum": 1}}
        stages: list[Document] = [{"$match": {"queue": {"$gt": ""}}}, {"$group": kinds}]
        cursor = streamed(self._parked.aggregate(stages))
        return {(found["_id"]["queue"], found["_id"]["reason"]): found["count"] async for found in cursor}

    async def take(self, which: Which, token: str, limit: int, lease_s: float) -> Sequence[ParkedMessage]:
        """At most so many that nobody replays, the oldest first, for `lease_s` held under this token."""
        cursor = self._parked.find({"$and": [query_of(which), _FREE]}, {"_id": 1}).sort("parked_at", 1).limit(limit)
        ids = [document["_id"] async for document in streamed(cursor)]
        held = {"taken_by": {"$literal": token}, "taken_until": in_seconds(lease_s)}
        await answered(self._parked.update_many({"_id": {"$in": ids}, **_FREE}, [{"$set": held}]))
        mine = self._parked.find({"_id": {"$in": ids}, "taken_by": token})
        return [await self._whole(document) async for document in streamed(mine)]

    async def replayed(self, token: str, ids: Sequence[str]) -> int:
        """Forget those of what the token holds; how many. What was parked again meanwhile stays."""
        return await self._forget({"_id": {"$in": list(ids)}, "taken_by": token})

    async def release(self, token: str) -> None:
        """Give back what the token still holds."""
        await answered(self._parked.update_many({"taken_by": token}, {"$unset": _NOBODYS}))

    async def drop(self, which: Which) -> int:
        """Forget them; how many."""
        return await self._forget(query_of(which))

    async def _forget(self, query: Document) -> int:
        large = [document async for document in streamed(self._parked.find({**query, "body": None}, _WITHOUT_BODY))]
        dropped = await answered(self._parked.delete_many(query))
        await self._bodies.drop(large)
        return dropped.deleted_count

    async def _whole(self, document: Document) -> ParkedMessage:
        if "body" not in document:
            document["body"] = await self._bodies.of(document)
        return message_of(document)
