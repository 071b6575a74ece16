"""Throttles in memory, on a virtual clock."""

from __future__ import annotations

from collections import Counter
from typing import Any

from domain.throttle import Ask, Grant
from tests.fakes.throttles import MemoryThrottles
from tests.handlers.virtual_clock import VirtualClock

_BEGAN_MS = 1_772_442_000_000


class TimedThrottles(MemoryThrottles):
    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(now_ms=_BEGAN_MS)
        self.clock = clock
        self.asks: Counter[str] = Counter()  #: by worker

    async def take(self, ask: Ask) -> Grant:
        self._look()
        self.asks[ask.worker] += 1
        return await super().take(ask)

    async def warm_up(self, *arguments: Any) -> Any:
        self._look()
        return await super().warm_up(*arguments)

    def _look(self) -> None:
        self.now_ms = _BEGAN_MS + 1000 * self.clock.now_s
