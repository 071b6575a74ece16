"""Messages that no repetition can help: kept whole until somebody looks."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


def parked_id(queue: str, message_id: str, body: bytes) -> str:
    """The same for the same message of one queue, 32 hex digits. Two sources may well use one logical id."""
    parts = hashlib.sha256(f"{queue}\n{message_id}\n".encode())
    parts.update(body)
    return parts.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message as it came, and why it was given up."""

    id: str  #: see `parked_id`; parking it again replaces it
    message_id: str  #: the logical id (x-msg-id), as its publisher knows it
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
