"""Keeps what was published, in the order in which it was."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import BrokerUnavailable, Unroutable
from domain.feed import Entry, Replay


class MemoryAnnouncer:
    def __init__(self, *queues: str) -> None:
        self.queues = queues
        self.announced: list[Entry] = []
        self.repeated: list[tuple[str | None, Entry]] = []  #: with the queue that it went to
        self.breaks_after: int | None = None  #: entries, once

    async def announce(self, entries: Sequence[Entry]) -> None:
        if self.breaks_after is not None and entries:
            self.announced += entries[: self.breaks_after]
            self.breaks_after = None
            raise BrokerUnavailable("RabbitMQ is away")
        self.announced += entries

    async def repeat(self, entries: Sequence[Entry], replay: Replay) -> None:
        if replay.queue is not None and replay.queue not in self.queues:
            raise Unroutable(f"no queue takes {replay.queue}")
        self.repeated += [(replay.queue, entry) for entry in entries]
