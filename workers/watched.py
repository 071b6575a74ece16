"""Whether a server is there, asked now and then, for /ready and the metrics."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from domain.errors import CampaignsError

EVERY_S = 5.0
SILENT_S = 30.0  #: a question without an answer for so long is an answer


class Watched:
    """A part that asks `ask`, which raises one of our errors when the server is away."""

    is_ready = True  #: work goes on without it: what is missing is told by `missing`

    def __init__(self, name: str, ask: Callable[[], Awaitable[object]], every_s: float = EVERY_S) -> None:
        self.name = name
        self._ask = ask
        self._every_s = every_s
        self._why = "not asked yet"
        self._answered = time.monotonic()
        self._stopping = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None

    def missing(self) -> list[str]:
        """What is wrong with it, in words; empty when it answers."""
        silent_s = time.monotonic() - self._answered
        why = f"no answer for {silent_s:.0f} s" if silent_s > SILENT_S + self._every_s else self._why
        return [f"{self.name}: {why}"] if why else []

    async def run(self) -> None:
        while not self._stopping.is_set():
            self._asking = asyncio.create_task(self._look(), name=f"asking {self.name}")
            await asyncio.wait({self._asking})
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._stopping.wait()

    async def stop(self) -> None:
        self._stopping.set()
        if self._asking is not None:
            self._asking.cancel()

    async def _look(self) -> None:
        try:
            await self._ask()
            self._why = ""
        except CampaignsError as error:
            self._why = str(error)
        self._answered = time.monotonic()
