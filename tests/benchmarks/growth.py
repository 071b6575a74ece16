"""Whether an email of a large campaign takes more than one of a small one, and whether a worker grows with it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from cli.output import say
from tests.benchmarks import newsletter
from tests.benchmarks.desk import desk
from tests.benchmarks.house import Ground, House
from tests.benchmarks.measured import Measured, Run, on_uvloop
from tests.benchmarks.resident import Resident
from tests.benchmarks.sinks import sink

Found = tuple[Run, Resident]

COLUMNS = (
    "recipients", "CPU µs each", "median", "ratio", "per second",
    "MiB at first", "at the end", "most", "MiB per 100,000",
)  # fmt: skip


def measure(ground: Ground, sizes: Sequence[int], rounds: int) -> Measured:
    with ground.house() as house, sink(house.smtp_port) as taker:
        found = on_uvloop(_measure(house, sizes, rounds))
    again = " --people ".join(map(str, sizes))
    return Measured(
        program="growth",
        title="growth: one send worker, campaigns of different sizes",
        columns=COLUMNS,
        rows=tuple(_row(size, found[size], found[sizes[0]]) for size in sizes),
        notes=(
            f"Sink: {taker.name}. CPU: user and system time of the send worker, without its warm-up; the ratio is the",
            "one of the medians. Interleaved runs, each with a new process, on one database that holds all campaigns.",
            "MiB: resident memory of the last run's process after its warm-up, at its end, and at most; and what it",
            "gains per 100,000 emails in the second half of the run (nothing: too short a run to tell).",
        ),
        command=f"make bench ARGS='growth --people {again} --rounds {rounds}'",
    )


async def _measure(house: House, sizes: Sequence[int], rounds: int) -> Mapping[int, list[Found]]:
    found: dict[int, list[Found]] = {size: [] for size in sizes}
    async with desk(house) as its:
        await newsletter.seed_people(its.stores, max(sizes), house.settings)
        for number in range(rounds):
            for size in found:
                found[size].append(await its.through_workers(size, 1, f"r{number}n{size}"))
                say(f"growth: {size:,} recipients, round {number + 1} of {rounds}: {_said(found[size][-1])}")
    return found


def _said(found: Found) -> str:
    run, memory = found
    return f"{run.cpu_us:,.0f} µs each, {run.per_second:,.0f} per second, at most {memory.most_mib:,.0f} MiB"


def _row(size: int, found: Sequence[Found], base: Sequence[Found]) -> tuple[object, ...]:
    runs, memory = [run for run, _ in found], found[-1][1]
    slope = memory.slope(size)
    return (
        size,
        " ".join(f"{run.cpu_us:,.0f}" for run in runs),
        round(_cpu_us(found)),
        f"{_cpu_us(found) / _cpu_us(base):.2f}",
        round(statistics.median(run.per_second for run in runs)),
        *(round(mib) for mib in (memory.first_mib, memory.last_mib, memory.most_mib)),
        None if slope is None else round(slope, 1),
    )


def _cpu_us(found: Sequence[Found]) -> float:
    return statistics.median(run.cpu_us for run, _ in found)
