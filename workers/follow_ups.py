"""Publishes what handlers return, so that a repeated message repeats its follow-ups under the same ids."""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from messages.base import Message
from messages.envelope import SOURCE, Envelope
from workers.outgoing import Outgoing, outgoing
from workers.settlement import Publishes, utc_now

#: Of the ids below; any fixed value would do.
_NAMESPACE = uuid.UUID("6f0f1c52-9d2a-5c6e-8a51-0d7a52c4b1e7")


@dataclass(frozen=True, slots=True)
class FollowUps:
    publisher: Publishes
    source: str = SOURCE
    now: Callable[[], datetime] = utc_now

    async def publish(self, messages: Sequence[Message], causes: Sequence[Envelope]) -> None:
        """Return when all are confirmed. `causes` are the events that were handled together.

        Raises:
            Unroutable: as `Publisher.publish`.
            BrokerUnavailable: as `Publisher.publish`.
        """
        if messages:
            await self.publisher.publish(self.outgoing(messages, causes))

    def outgoing(self, messages: Sequence[Message], causes: Sequence[Envelope]) -> list[Outgoing]:
        """The chain goes on where it is unambiguous: a window has no single cause."""
        parent = _identity(causes)
        cause = causes[0] if len(causes) == 1 else None
        return [
            outgoing(
                message,
                id=str(uuid.uuid5(_NAMESPACE, f"{parent} {position}")),
                time=self.now(),
                source=self.source,
                correlation_id=(cause.correlationid or cause.id) if cause else None,
                causation_id=cause.id if cause else None,
                traceparent=cause.traceparent if cause else None,
            )
            for position, message in enumerate(messages)
        ]


def _identity(causes: Sequence[Envelope]) -> str:
    return hashlib.sha256("\n".join(f"{cause.source} {cause.id}" for cause in causes).encode()).hexdigest()
