"""What pages ask of the process that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from messages.base import Message
from messages.envelope import SOURCE


@dataclass(frozen=True, slots=True)
class Told:
    """A message with the identity that it is published under."""

    message: Message
    id: str
    time: datetime
    source: str = SOURCE
    correlation_id: str | None = None  #: these three go along where they were given
    causation_id: str | None = None
    traceparent: str | None = None


class Publishing(Protocol):
    async def publish(self, told: Sequence[Told]) -> None:
        """Return when RabbitMQ has confirmed every one of them, within seconds.

        Raises:
            BrokerUnavailable: one was not confirmed in time, or RabbitMQ is away; any may have arrived.
        """
