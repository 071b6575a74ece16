"""What a benchmark measured: single runs, their median, and the table that people read."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run."""

    count: int  #: emails or events
    seconds: float
    cpu_s: float  #: user and system time of the processes that did it, servers left out

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time for each."""
        return self.cpu_s / self.count * 1_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One program's figures as a table."""

    program: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    notes: tuple[str, ...]  #: what was measured, sizes, and what to know when comparing
    command: str  #: repeats it

    def as_json(self) -> dict[str, object]:
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"program": self.program, "command": self.command, "rows": rows, "notes": list(self.notes)}


SPEED_COLUMNS = ("per second", "runs", "median", "ratio", "CPU µs each")


def speed_row(name: str, runs: Sequence[Run], baseline: Sequence[Run]) -> tuple[object, ...]:
    """A row of SPEED_COLUMNS; the ratio is the one of the medians."""
    middle = median(runs)
    return (
        name,
        " ".join(f"{run.per_second:,.0f}" for run in runs),
        round(middle),
        f"{middle / median(baseline):.2f}",
        round(statistics.median(run.cpu_us for run in runs)),
    )


def median(runs: Sequence[Run]) -> float:
    """The median of what they did per second."""
    return statistics.median(run.per_second for run in runs)


def on_uvloop(work: Coroutine[Any, Any, T]) -> T:
    """Its result, on the event loop that the workers run on: a baseline on a slower one would flatter them."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
