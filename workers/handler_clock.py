"""How long handlers are at work, and the end of those that never come to one."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from domain.errors import Transient

#: RabbitMQ takes back what is unacknowledged for 30 minutes. A window in halves takes at most twice this.
LIMIT_S = 600.0
#: A handler that does not end this long after it was cancelled will not end at all.
LAST_WORDS_S = 60.0


class TookTooLong(Transient):
    """A handler did not end in time and was cut off; what it stored is stored."""


class HandlerClock:
    """Times the handlers of one queue; each may take `limit_s` (infinity: whatever it takes).

    While `excused` says so nobody is cut off: a known outcome is being stored, and its server is away.
    """

    def __init__(self, limit_s: float = LIMIT_S, excused: Callable[[], bool] = lambda: False) -> None:
        self._limit_s = limit_s
        self._excused = excused
        self._began: dict[object, float] = {}

    @property
    def longest_s(self) -> float:
        """For how long the slowest of those at work has been."""
        now = time.monotonic()
        return now - min(list(self._began.values()), default=now)

    @property
    def is_stuck(self) -> bool:
        """Whether a handler was cut off and goes on all the same; then only another process helps."""
        return self.longest_s > self._limit_s + LAST_WORDS_S and not self._excused()

    @asynccontextmanager
    async def running(self, parts: int = 1) -> AsyncIterator[None]:
        """Times the block; it gets the `parts`-th part of the limit.

        Raises:
            TookTooLong: it did not end in time.
        """
        key, limit_s = object(), self._limit_s / parts
        self._began[key] = time.monotonic()
        try:
            async with asyncio.timeout(None) as limit:
                with self._ending(limit, limit_s):
                    yield
        except TimeoutError as error:
            if limit.expired():
                raise TookTooLong(f"it did not end within {limit_s:g} s and was cut off") from error
            raise
        finally:
            del self._began[key]

    @contextmanager
    def _ending(self, limit: asyncio.Timeout, limit_s: float) -> Iterator[None]:
        """Timers cost less than a task for each message."""
        if math.isinf(limit_s):
            yield
            return
        loop = asyncio.get_running_loop()
        timers: list[asyncio.TimerHandle] = []

        def look() -> None:
            if self._excused():
                timers[:] = [loop.call_later(limit_s, look)]
            else:
                limit.reschedule(loop.time())

        timers.append(loop.call_later(limit_s, look))
        try:
            yield
        finally:
            timers[0].cancel()
