"""Keeps what was published, in the order in which it was."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import TypeAlias

from domain.errors import BrokerUnavailable, Unroutable
from domain.feed import Entry, Replay

Told: TypeAlias = Callable[[Entry], Awaitable[None]]


class MemoryAnnouncer:
    def __init__(self, *queues: str) -> None:
        self.queues = queues
        self.announced: list[Entry] = []
        self.repeated: list[tuple[str | None, Entry]] = []  #: with the queue that it went to
        self.breaks_after: int | None = None  #: entries, once
        self.full_from: int | None = None  #: the number from which on somebody's queue takes nothing

    async def announce(self, entries: Sequence[Entry], reached: Told, refused: Told) -> None:
        if self.breaks_after is not None and entries:
            self.announced += entries[: self.breaks_after]
            self.breaks_after = None
            raise BrokerUnavailable("RabbitMQ is away")
        self.announced += entries
        for stream in (list(own) for _, own in groupby(entries, key=lambda entry: entry.stream)):
            for entry in self._refused(stream)[:1]:
                await refused(entry)
            await reached(stream[-1])

    async def repeat(self, entries: Sequence[Entry], replay: Replay, reached: Told) -> int:
        if replay.queue is not None and replay.queue not in self.queues:
            raise Unroutable(f"no queue takes {replay.queue}")
        taken = entries[: len(entries) - len(self._refused(entries))]
        self.repeated += [(replay.queue, entry) for entry in taken]
        if taken:
            await reached(taken[-1])
        return len(taken)

    def _refused(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        return [entry for entry in entries if self.full_from is not None and entry.number >= self.full_from]
