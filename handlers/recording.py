"""The answers on their way into the ledger: of all batches together, many at a time, and none of them late."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from handlers.outcome_writer import Tried

_Store: TypeAlias = Callable[[Sequence[Tried]], Awaitable[None]]


@dataclass(slots=True)
class Recorder:
    """One for all batches of a process: it stores as soon as there is enough, or within a second.

    So one mail that hangs for minutes keeps no other's answer from being known, and batches that wait for room in the
    claim window do not sit on a few answers each.
    """

    store: _Store
    size: int  #: answers that are stored together
    within_s: float = 1.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _fresh: list[tuple[Recording, Tried]] = field(default_factory=list)
    _clock: asyncio.Task[None] | None = None
    _writes: set[asyncio.Task[None]] = field(default_factory=set)

    def add(self, of: Recording, tried: Tried) -> None:
        self._fresh.append((of, tried))
        if len(self._fresh) >= self.size:
            self.flush()
        elif self._clock is None:
            self._clock = asyncio.create_task(self._tick())

    def flush(self) -> None:
        """Begin to store what there is."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        fresh, self._fresh = self._fresh, []
        if fresh:
            counts = Counter(of for of, _ in fresh)
            # A task of its own: a batch that is cut off does not take the answers of others along.
            self._writes.add(write := asyncio.create_task(self._stored([tried for _, tried in fresh], counts)))
            write.add_done_callback(self._writes.discard)
            for of in counts:
                of.writes.append(write)

    async def _stored(self, tried: Sequence[Tried], counts: Counter[Recording]) -> None:
        await self.store(tried)
        for of, count in counts.items():
            of.recorded(count)

    async def _tick(self) -> None:
        await self.sleep(self.within_s)
        self._clock = None
        self.flush()


@dataclass(slots=True, eq=False)
class Recording:
    """The answers of one batch."""

    recorder: Recorder
    recorded: Callable[[int], None]  #: told how many more are durable
    writes: list[asyncio.Task[None]] = field(default_factory=list)  #: that have answers of it

    def add(self, tried: Tried) -> None:
        self.recorder.add(self, tried)

    async def complete(self) -> None:
        """Returns when all of them are durable. Raises whatever went wrong in there, which is not to be silent."""
        self.recorder.flush()
        if self.writes:
            await asyncio.wait(self.writes)
        for write in self.writes:
            write.result()
