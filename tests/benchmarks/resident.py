"""What a worker process holds in memory over time, and whether that grows."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.benchmarks.worker_process import WorkerProcess

SAMPLE_S = 0.25
MIB = 2**20
_FEWEST = 8  #: samples; a line through fewer says nothing


@dataclass(slots=True)
class Resident:
    """Resident memory of the largest of some processes: seconds since the first look, MiB."""

    samples: list[tuple[float, float]] = field(default_factory=list)

    @property
    def first_mib(self) -> float:
        return self.samples[0][1]

    @property
    def last_mib(self) -> float:
        return self.samples[-1][1]

    @property
    def most_mib(self) -> float:
        return max(mib for _, mib in self.samples)

    def slope(self, count: int) -> float | None:
        """MiB gained per 100,000 of `count` emails, in the second half: the first fills what is filled once.

        The slope of the straight line through the samples (least squares); None when there are too few.
        """
        half = self.samples[len(self.samples) // 2 :]
        if len(half) < _FEWEST:
            return None
        seconds = self.samples[-1][0] - self.samples[0][0]
        per_s = statistics.linear_regression([at for at, _ in half], [mib for _, mib in half]).slope
        return per_s * seconds / count * 100_000


@contextmanager
def watched(running: Sequence[WorkerProcess]) -> Iterator[Resident]:
    """Looks at them until the block ends, and once more then."""
    found, over, began = Resident(), threading.Event(), time.perf_counter()

    def look() -> None:
        largest = max(worker.process.memory_info().rss for worker in running)
        found.samples.append((time.perf_counter() - began, largest / MIB))

    def keep_looking() -> None:
        while not over.wait(SAMPLE_S):
            look()

    look()
    thread = threading.Thread(target=keep_looking, name="resident")
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
    look()
