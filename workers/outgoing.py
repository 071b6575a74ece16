"""Messages ready for the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from messages.base import IN, Message
from messages.envelope import CONTENT_TYPE, SOURCE, packed

#: Headers that travel with a message. The logical id is not the AMQP message_id: that one must differ per
#: publish attempt, because aiormq maps returned messages to publishes by it.
MSG_ID = "x-msg-id"
ATTEMPT = "x-attempt"  #: tries that failed so far
FIRST_SEEN = "x-first-seen"  #: when a worker took it first, ISO 8601
FIRST_ERROR = "x-first-error"
ERROR = "x-error"  #: of the last try
QUEUE = "x-queue"  #: where it came to
REPLAY = "x-replay"  #: how often it was replayed after it had been parked


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A body with the way it goes. Without `mandatory` nobody has to be bound to receive it."""

    exchange: str
    routing_key: str
    body: bytes
    headers: Mapping[str, object] = field(default_factory=dict)
    content_type: str = CONTENT_TYPE
    mandatory: bool = True


def outgoing(
    message: Message,
    *,
    id: str,  # noqa: A002 - the CloudEvents attribute
    time: datetime,
    source: str = SOURCE,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    traceparent: str | None = None,
) -> Outgoing:
    """`message` as the CloudEvent (source, id), on its way to its own exchange and lane."""
    body = packed(
        message,
        id=id,
        time=time,
        source=source,
        correlationid=correlation_id,
        causationid=causation_id,
        traceparent=traceparent,
    )
    return Outgoing(
        exchange=message.exchange,
        routing_key=message.lane,
        body=body,
        headers={MSG_ID: id},
        mandatory=message.exchange == IN,
    )
