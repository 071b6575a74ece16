"""How many connections a relay has open at once: our own limit, and our part of what all workers may open together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_LOOK_EVERY_S = 0.5  #: whoever waits asks so often whether it is still wanted


class Doors:
    """One door for each connection that may be open. Whoever sends goes through one and keeps it for the time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = most
        self._changed = asyncio.Event()
        self._waiting = 0
        self._peak = 0
        self.busy = 0  #: sessions under way

    @property
    def allowed(self) -> int:
        return self._allowed

    @property
    def crowded(self) -> bool:
        """Whether more are under way than may be, since the limit sank: the first that can is to end."""
        return self.busy > self._allowed

    def allow(self, count: int | None) -> None:
        """From now on; None is as many as this process may have."""
        self._allowed = self._most if count is None else min(count, self._most)
        self._changed.set()

    def peak(self) -> int:
        """The most that were wanted at once since this was asked last."""
        peak = max(self._peak, self._wanted)
        self._peak = self._wanted
        return peak

    @asynccontextmanager
    async def through(self, wanted: Callable[[], bool]) -> AsyncIterator[bool]:
        """Wait for a door; False when it is not wanted any more."""
        if not await self._entered(wanted):
            yield False
            return
        try:
            yield True
        finally:
            self.busy -= 1
            self._changed.set()

    @property
    def _wanted(self) -> int:
        return min(self.busy + self._waiting, self._most)

    async def _entered(self, wanted: Callable[[], bool]) -> bool:
        self._waiting += 1
        try:
            while self.busy >= self._allowed:
                self._peak = max(self._peak, self._wanted)
                if not wanted():
                    return False
                await self._change()
            self.busy += 1
        finally:
            self._waiting -= 1
        self._peak = max(self._peak, self._wanted)
        return True

    async def _change(self) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(_LOOK_EVERY_S):
                await self._changed.wait()
        except TimeoutError:
            return
