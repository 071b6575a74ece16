"""A parked message as a document, and which documents are meant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.parked import ParkedMessage, Which
from repositories.connection import Document
from repositories.values import pairs, unpaired, without_nulls

#: What a header may be and BSON has; anything else AMQP allows is kept as text.
_PLAIN = (str, int, float, bool, bytes, datetime, type(None))


def document_of(message: ParkedMessage) -> Document:
    """What replaces an older one; `times`, `first_seen` and `replayed` are counted and compared by the store."""
    return {
        "message_id": message.message_id,
        "queue": message.queue,
        "type": _encodable(message.type),
        "reason": message.reason,
        "error": _encodable(message.error),
        "attempts": message.attempts,
        "parked_at": message.parked_at,
        "worker": message.worker,
        "headers": pairs({_encodable(name): _header(value) for name, value in message.headers.items()}),
        "content_type": message.content_type,
        "body": message.body,
        "body_bytes": len(message.body),
    }


def message_of(document: Mapping[str, Any]) -> ParkedMessage:
    """Those that were stored before there were types and counts have none."""
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
        type=document.get("type", ""),
        body_bytes=document["body_bytes"],
        times=document.get("times", 1),
        replayed=document.get("replayed", 0),
    )


def query_of(which: Which) -> Document:
    query = without_nulls({"queue": which.queue, "reason": which.reason, "type": which.type})
    if which.ids:
        query["$or"] = [{"_id": {"$gte": start, "$lt": start + "\x7f"}} for start in which.ids]
    if times := without_nulls({"$gte": which.since, "$lt": which.before}):
        query["parked_at"] = times
    if which.at_most_bytes is not None:
        query["body_bytes"] = {"$lte": which.at_most_bytes}
    return query


def _header(value: object) -> object:
    if isinstance(value, str):
        return _encodable(value)
    return value if isinstance(value, _PLAIN) else repr(value)


def _encodable(text: str) -> str:
    """Half a surrogate pair, as broken JSON may hold, is no text for BSON."""
    return text.encode("utf-8", "backslashreplace").decode()
