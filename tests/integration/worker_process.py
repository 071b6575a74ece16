"""Real worker processes, and what they say."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.slices import SliceState
from gateways.catcher import Catcher
from tests.integration.whole_way import World
from tests.waiting import LONGEST_S


class WorkerProcess:
    def __init__(self, running: asyncio.subprocess.Process) -> None:
        assert running.stderr is not None
        self.running = running
        self.said = ""
        self._log = running.stderr

    async def until(self, words: str, timeout_s: float = LONGEST_S) -> str:
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
        _, rest = await asyncio.wait_for(self.running.communicate(), LONGEST_S)
        self.said += rest.decode()
        assert self.running.returncode == 0, self.said


async def reached(catcher: Catcher, count: int) -> None:
    """Return as soon as the mail server has so many; a new process takes its time on a busy machine."""
    async with asyncio.timeout(90):
        while catcher.accepted.total() < count:
            await asyncio.sleep(0.002)


async def frozen_in_a_batch(here: World, worker: WorkerProcess) -> None:
    """SIGSTOP while a batch is begun; between two batches it would have nothing to lose."""
    for _ in range(200):
        worker.running.send_signal(signal.SIGSTOP)
        begun = [one for one in await here.stores.slices.unfinished("spring") if one.state is SliceState.STARTED]
        if begun:
            return
        worker.running.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.003)
    raise AssertionError("it was never in a batch")


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
