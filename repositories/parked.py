"""Messages that were given up, whole.

{_id: see domain.parked.parked_id, message_id: the logical id, queue, reason, error, attempts, first_seen, parked_at,
 worker, headers: [{k: name, v: value}], content_type, body_bytes: size of the body, body: bytes}

A body that is larger than a document should be is absent here and a GridFS file of the same _id in parked_bodies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from gridfs.errors import NoFile
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

from domain.parked import ParkedMessage
from repositories.connection import MAJORITY, Database, Document, collection
from repositories.errors import answered, streamed
from repositories.values import pairs, unpaired

BODY_BYTES_IN_DOCUMENT = 1024 * 1024
#: What a header may be and BSON has; anything else AMQP allows is kept as text.
_PLAIN = (str, int, float, bool, bytes, datetime, type(None))
#: What is shown in lists: everything but the body.
_WITHOUT_BODY = {"body": 0}


class MongoParked:
    def __init__(self, database: Database) -> None:
        self._parked = collection(database, "parked")
        self._bodies = AsyncIOMotorGridFSBucket(database, "parked_bodies", write_concern=MAJORITY)

    async def park(self, message: ParkedMessage) -> None:
        """Keep it; one with the same id is replaced."""
        document = _document(message)
        if len(message.body) > BODY_BYTES_IN_DOCUMENT:
            await self._store_body(message.id, document.pop("body"))
        await answered(self._parked.replace_one({"_id": message.id}, document, upsert=True))

    async def get(self, parked_id: str) -> ParkedMessage | None:
        document = await answered(self._parked.find_one({"_id": parked_id}))
        if document is None:
            return None
        if "body" not in document:
            document["body"] = await self._body(parked_id)
        return _message(document)

    async def page(
        self, *, queue: str | None = None, reason: str | None = None, limit: int = 50
    ) -> Sequence[ParkedMessage]:
        """The newest first, with empty bodies: `get` has them."""
        query = {name: value for name, value in {"queue": queue, "reason": reason}.items() if value is not None}
        cursor = self._parked.find(query, _WITHOUT_BODY).sort("parked_at", -1).limit(limit)
        return [_message(document) async for document in streamed(cursor)]

    async def counts(self) -> Mapping[str, int]:
        """How many there are, by queue."""
        stages: list[Document] = [{"$group": {"_id": "$queue", "count": {"$sum": 1}}}]
        return {found["_id"]: found["count"] async for found in streamed(self._parked.aggregate(stages))}

    async def drop(self, parked_id: str) -> bool:
        """Forget it; False when it was not there."""
        dropped = await answered(self._parked.delete_one({"_id": parked_id}))
        await self._drop_body(parked_id)
        return bool(dropped.deleted_count)

    async def _store_body(self, parked_id: str, body: bytes) -> None:
        await self._drop_body(parked_id)
        await answered(self._bodies.upload_from_stream_with_id(parked_id, parked_id, body))

    async def _body(self, parked_id: str) -> bytes:
        stream = await answered(self._bodies.open_download_stream(parked_id))
        return bytes(await answered(stream.read()))

    async def _drop_body(self, parked_id: str) -> None:
        with suppress(NoFile):
            await answered(self._bodies.delete(parked_id))


def _document(message: ParkedMessage) -> Document:
    return {
        "message_id": message.message_id,
        "queue": message.queue,
        "reason": message.reason,
        "error": _encodable(message.error),
        "attempts": message.attempts,
        "first_seen": message.first_seen,
        "parked_at": message.parked_at,
        "worker": message.worker,
        "headers": pairs({_encodable(name): _header(value) for name, value in message.headers.items()}),
        "content_type": message.content_type,
        "body": message.body,
        "body_bytes": len(message.body),
    }


def _header(value: object) -> object:
    if isinstance(value, str):
        return _encodable(value)
    return value if isinstance(value, _PLAIN) else repr(value)


def _encodable(text: str) -> str:
    """Half a surrogate pair, as broken JSON may hold, is no text for BSON."""
    return text.encode("utf-8", "backslashreplace").decode()


def _message(document: Mapping[str, Any]) -> ParkedMessage:
    return ParkedMessage(
        id=document["_id"],
        message_id=document["message_id"],
        queue=document["queue"],
        reason=document["reason"],
        error=document["error"],
        attempts=document["attempts"],
        first_seen=document["first_seen"],
        parked_at=document["parked_at"],
        worker=document["worker"],
        headers=unpaired(document["headers"]),
        body=document.get("body", b""),
        content_type=document["content_type"],
    )
