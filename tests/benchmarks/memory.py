"""What each worker process holds in memory after the demo's whole way with few people, and with many."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field

import psutil

from cli.demo.looks import Looks
from cli.demo.processes import processes
from cli.demo.story import Story
from cli.output import say
from tests.benchmarks.house import Ground, House
from tests.benchmarks.measured import Measured
from workers.catalog import WORKERS

SAMPLE_S = 0.25
MIB = 2**20
FLAT_MIB = 15  #: more than that between the sizes is growth: a window and a batch in hand explain less


@dataclass(slots=True)
class _Memory:
    """Resident memory by worker, in bytes."""

    peak: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    def sample(self, running: Mapping[str, psutil.Process]) -> None:
        for name, process in running.items():
            self.last[name] = process.memory_info().rss
            self.peak[name] = max(self.last[name], self.peak.get(name, 0))


def measure(ground: Ground, sizes: Sequence[int]) -> Measured:
    found = []
    for size in sizes:
        began = time.monotonic()
        with ground.house(impatient=True) as house:
            found.append(_after(house, size))
        say(f"memory: {size:,} people went the whole way in {time.monotonic() - began:.0f} s")
    return Measured(
        program="memory",
        title=f"memory: MiB of each worker process after {' and '.join(f'{size:,}' for size in sizes)} people",
        columns=(
            "worker",
            *(f"{size:,} {what}" for size in sizes for what in ("end", "most")),
            "flat",
        ),
        rows=tuple(_row(name, found) for name in WORKERS),
        notes=(
            "Resident memory of fresh processes after the demo's whole way: import, syncs, review, sending with",
            "deferrals and refusals, answers (end), and the most that was seen on the way. The catcher keeps no files.",
            f"Flat: neither figure grows by more than {FLAT_MIB} MiB from the last size but one to the last. Of few",
            "people there are fewer slices than a worker takes at once, so that it never holds as much as it may.",
        ),
        command=f"make bench ARGS='memory --people {' --people '.join(map(str, sizes))}'",
    )


def _row(name: str, found: Sequence[_Memory]) -> tuple[object, ...]:
    figures = [figure for memory in found for figure in (memory.last[name], memory.peak[name])]
    before, last = figures[-4:-2], figures[-2:]
    growth = max(last[0] - before[0], last[1] - before[1])
    return (name, *(round(figure / MIB) for figure in figures), growth <= FLAT_MIB * MIB)


def _after(house: House, size: int) -> _Memory:
    memory = _Memory()
    with processes(house.directory / "logs", house.environment) as running:
        running.start("catcher", "catch-mail", "--port", str(house.smtp_port))
        for name in WORKERS:
            running.start(name, "worker", name)
        looks = Looks(house.settings, running, patience_s=120 + size / 50)
        story = (house.directory / "story.txt").open("w", encoding="utf-8")
        with _sampled(memory), story, redirect_stdout(story):
            Story(size, house.directory, None, looks).tell()
    return memory


@contextmanager
def _sampled(memory: _Memory) -> Iterator[None]:
    """Samples the workers that this process started until the block ends, and once more then."""
    running, over = _workers(), threading.Event()

    def keep_sampling() -> None:
        while not over.wait(SAMPLE_S):
            memory.sample(running)

    thread = threading.Thread(target=keep_sampling, name="memory")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    memory.sample(running)


def _workers() -> dict[str, psutil.Process]:
    """Our child processes by the worker that each runs."""
    found = {tuple(child.cmdline()[-2:]): child for child in psutil.Process().children()}
    return {name: found["worker", name] for name in WORKERS}
