"""Messages that no repetition can help: kept whole until somebody looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message as it came, and why it was given up."""

    id: str  #: the logical id (x-msg-id); parking it again replaces it
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
