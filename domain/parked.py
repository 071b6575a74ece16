"""Messages that no repetition can help: kept whole until somebody looks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: Attributes of a CloudEvent that tell one sending of a message from the next, and say nothing else.
_OF_ONE_SENDING = frozenset({"id", "time", "correlationid", "causationid", "traceparent"})
_READ_BYTES = 1024 * 1024  #: a larger body is parked unread (contracts.md)
_OURS = re.compile(r"campaigns\.([a-z0-9-]+)\.v\d+")


def parked_id(queue: str, body: bytes, *, unread: bool = False) -> str:
    """The same for everything that says the same to one queue, 32 hex digits.

    What is said again under a new id, as the scheduler does with a batch that nobody finishes, is parked once and
    counted; what two sources say is two messages, though both call it by one id. What was refused `unread`, for its
    id, time or content type, never takes the place of a message that could be read.
    """
    kind = "unread\n" if unread else ""
    return hashlib.sha256(f"{queue}\n{kind}".encode() + _said(body)).hexdigest()[:32]


def message_type(body: bytes) -> str:
    """What the message calls itself: a message type of ours, else its text as it stands; empty where it has none."""
    given = _event(body).get("type")
    if not isinstance(given, str) or not given.isprintable():
        return ""
    ours = _OURS.fullmatch(given)
    return ours[1] if ours else given[:100]


def _said(body: bytes) -> bytes:
    event = _event(body)
    if "specversion" not in event:
        return body
    try:
        if _names_twice(body):
            return body
        said = {name: value for name, value in event.items() if name not in _OF_ONE_SENDING}
        return json.dumps(said, sort_keys=True).encode()
    except RecursionError:
        return body


def _names_twice(body: bytes) -> bool:
    """Whether some name stands twice in one object: readers would take it for different messages."""
    twice: list[int] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        twice.append(len(pairs) - len({name for name, _ in pairs}))

    json.loads(body, object_pairs_hook=look)
    return any(twice)


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body) if len(body) <= _READ_BYTES else None
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message as it came, and why it was given up."""

    id: str  #: see `parked_id`; parking it again replaces it, and counts
    message_id: str  #: the logical id (x-msg-id), as its publisher knows it; of the last one
    queue: str  #: where it had come to, and where a replay goes
    reason: str  #: one word, the code of the error
    error: str  #: in plain words
    attempts: int  #: tries that failed
    first_seen: datetime
    parked_at: datetime
    worker: str  #: host and process that gave it up
    headers: Mapping[str, object]
    body: bytes
    content_type: str
    type: str = ""  #: see `message_type`
    body_bytes: int = 0
    times: int = 1  #: how often the same was parked since it came on the list
    replayed: int = 0  #: how often it had been replayed when it was parked last


@dataclass(frozen=True, slots=True)
class Which:
    """Parked messages that somebody means: those that meet everything that is said."""

    ids: tuple[str, ...] = ()  #: ids, or beginnings of them; none: whatever their id
    queue: str | None = None
    reason: str | None = None
    type: str | None = None
    since: datetime | None = None  #: parked then or later
    before: datetime | None = None  #: parked before
    at_most_bytes: int | None = None  #: of the body

    def matches(self, message: ParkedMessage) -> bool:
        return (
            (not self.ids or message.id.startswith(self.ids))
            and self.queue in {None, message.queue}
            and self.reason in {None, message.reason}
            and self.type in {None, message.type}
            and (self.since is None or message.parked_at >= self.since)
            and (self.before is None or message.parked_at < self.before)
            and (self.at_most_bytes is None or message.body_bytes <= self.at_most_bytes)
        )


EVERY_ONE = Which()
