"""Keeps what was published, in the order in which it was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby

from domain.errors import BrokerUnavailable, Unroutable
from domain.feed import Entry, Replay


class MemoryAnnouncer:
    def __init__(self, *queues: str) -> None:
        self.queues = queues
        self.announced: list[Entry] = []
        self.repeated: list[tuple[str | None, Entry]] = []  #: with the queue that it went to
        self.breaks_after: int | None = None  #: entries, once

    async def announce(self, entries: Sequence[Entry], reached: Callable[[Entry], Awaitable[None]]) -> None:
        if self.breaks_after is not None and entries:
            self.announced += entries[: self.breaks_after]
            self.breaks_after = None
            raise BrokerUnavailable("RabbitMQ is away")
        self.announced += entries
        for _, own in groupby(entries, key=lambda entry: entry.stream):
            await reached(list(own)[-1])

    async def repeat(
        self, entries: Sequence[Entry], replay: Replay, reached: Callable[[Entry], Awaitable[None]]
    ) -> None:
        if replay.queue is not None and replay.queue not in self.queues:
            raise Unroutable(f"no queue takes {replay.queue}")
        self.repeated += [(replay.queue, entry) for entry in entries]
        if entries:
            await reached(entries[-1])
