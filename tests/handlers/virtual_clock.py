"""A clock for tests of waiting: it jumps to whatever is waited for next, as soon as nothing else can be done."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

_TURNS = 12  #: of the event loop, until what was woken waits again


class VirtualClock:
    def __init__(self) -> None:
        self.now_s = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def elapsed(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now_s + seconds, next(self._order), woken))
        await woken

    async def run(self, *works: Coroutine[Any, Any, Any]) -> list[Any]:
        """What they return, however long they sleep."""
        async with self._running():
            return await asyncio.gather(*works)

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()

    async def _run(self) -> None:
        while True:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if self._sleepers:
                at_s, _, woken = heapq.heappop(self._sleepers)
                self.now_s = max(self.now_s, at_s)
                if not woken.done():
                    woken.set_result(None)
