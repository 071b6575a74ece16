"""Parked messages in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.parked import ParkedMessage


class MemoryParked:
    def __init__(self, *messages: ParkedMessage) -> None:
        self.stored: dict[str, ParkedMessage] = {message.id: message for message in messages}

    async def park(self, message: ParkedMessage) -> None:
        self.stored[message.id] = message

    async def get(self, parked_id: str) -> ParkedMessage | None:
        return self.stored.get(parked_id)

    async def page(
        self, *, queue: str | None = None, reason: str | None = None, limit: int = 50
    ) -> Sequence[ParkedMessage]:
        found = [each for each in self.stored.values() if queue in {None, each.queue} and reason in {None, each.reason}]
        newest_first = sorted(found, key=lambda each: each.parked_at, reverse=True)
        return [replace(each, body=b"") for each in newest_first[:limit]]

    async def counts(self) -> Mapping[str, int]:
        return Counter(each.queue for each in self.stored.values())

    async def drop(self, parked_id: str) -> bool:
        return self.stored.pop(parked_id, None) is not None
