"""Real worker processes, and what they say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.integration.whole_way import World


class WorkerProcess:
    def __init__(self, running: asyncio.subprocess.Process) -> None:
        assert running.stderr is not None
        self.running = running
        self.said = ""
        self._log = running.stderr

    async def until(self, words: str, timeout_s: float = 30) -> str:
        """Read its log until it has said this; the line."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                async with asyncio.timeout(max(0, deadline - time.monotonic())):
                    line = (await self._log.readline()).decode()
            except TimeoutError:
                raise AssertionError(f"not said: {words}\n{self.said}") from None
            assert line, f"it ended without saying: {words}\n{self.said}"
            self.said += line
            if words in line:
                return line

    async def killed(self) -> None:
        """Ended as a power cut would."""
        self.running.kill()
        await self.running.communicate()

    async def stopped(self) -> None:
        """SIGTERM: it must finish what it has begun, and end with exit code 0."""
        self.running.terminate()
        _, rest = await asyncio.wait_for(self.running.communicate(), 40)
        self.said += rest.decode()
        assert self.running.returncode == 0, self.said


@asynccontextmanager
async def process(here: World, *names: str) -> AsyncIterator[WorkerProcess]:
    """`campaigns worker NAME…`, stopped gracefully at the end unless the test has ended it."""
    worker = WorkerProcess(await here.start("worker", *names))
    try:
        yield worker
        if worker.running.returncode is None:
            await worker.stopped()
    finally:
        if worker.running.returncode is None:
            await worker.killed()
