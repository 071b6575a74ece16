"""A message as RabbitMQ handed it over."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from messages.base import Message
from messages.envelope import MAX_BODY_BYTES, Envelope
from workers import outgoing as header
from workers.incoming import Incoming
from workers.supervisor import Generation

#: What a body says.
Early: TypeAlias = tuple[Envelope, Message]


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """It can be settled as long as the channel lives that it came through."""

    queue: str
    incoming: Incoming
    generation: Generation
    early: Early | None = None  #: what was read as it came; None: read it when its turn comes

    @property
    def body(self) -> bytes:
        return self.incoming.body

    @property
    def headers(self) -> Mapping[str, object]:
        return self.incoming.headers

    @property
    def content_type(self) -> str:
        return self.incoming.content_type

    @property
    def content_encoding(self) -> str:
        return self.incoming.content_encoding

    @property
    def id(self) -> str:
        """The logical id: our header, else the CloudEvents id, else a hash of the body; a redelivery has the same."""
        given = self.headers.get(header.MSG_ID)
        if not _is_id(given):
            given = _id_in(self.body)
        return str(given) if _is_id(given) else hashlib.sha256(self.body).hexdigest()[:32]

    @property
    def attempt(self) -> int:
        """Tries that failed so far. A header that is no such number counts as none."""
        return self._counted(header.ATTEMPT)

    @property
    def replayed(self) -> int:
        """How often it was parked and replayed before it came here."""
        return self._counted(header.REPLAY)

    def _counted(self, name: str) -> int:
        given = self.headers.get(name)
        return int(given) if isinstance(given, int) and 0 <= given < 1_000_000 else 0

    def first_seen(self, now: datetime) -> datetime:
        """When a worker took it first: `now`, unless an earlier try left a plausible time."""
        try:
            given = datetime.fromisoformat(str(self.headers.get(header.FIRST_SEEN)))
            return min(given.astimezone(UTC), now) if given.tzinfo else now
        except (ValueError, OverflowError):
            return now


def _is_id(given: object) -> bool:
    """Half a surrogate pair, as broken JSON may hold, is a text that nothing can send on or store."""
    return isinstance(given, str) and 0 < len(given) <= 200 and given.isprintable()


def _id_in(body: bytes) -> object:
    """What stands where a CloudEvent has its id; other systems set no header of ours.

    Of a body that is too large to be read nothing is read: 100 MB of JSON would be a gigabyte of objects.
    """
    if len(body) > MAX_BODY_BYTES:
        return None
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return event.get("id") if isinstance(event, dict) else None
