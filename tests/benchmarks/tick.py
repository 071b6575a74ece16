"""`python -m tests.benchmarks.tick`: what a scheduler's look at one large campaign costs, in CPU of its process.

Beside each tick its baseline: reading every unfinished slice, which is the plain way to find where chains stand.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, TypeAlias

import typer

from cli.output import out, table
from config import logging
from config.settings import Settings
from domain.campaign import CampaignStatus, Report
from handlers.scheduler import Scheduler
from handlers.scheduler_rounds import Rhythm, rounds
from handlers.timers import Timers
from handlers.warm_up_gate import WarmUpGate
from repositories.indexes import ensure_indexes
from repositories.stores import Stores
from tests.benchmarks.house import ground
from tests.builders import a_campaign, a_hash
from workers.apart import apart
from workers.options import database
from workers.resources import now

_Line: TypeAlias = tuple[str, str, str, str]

CHAINS = 32
TICKS = 60  #: a minute of them, without the waiting


def main(slices: list[int] = [4_000, 10_000], rows: int = 100_000) -> None:  # noqa: B006
    """Measure at so many SLICES, and breakers at so many ROWS of the ledger."""
    logging.configure("warning")
    with ground() as on, on.house() as house:
        lines = asyncio.run(_measured(house.settings, slices, rows))
    out.print(table("One look at one campaign", ("what", "at", "CPU ms", "takes ms"), lines))


async def _measured(settings: Settings, sizes: list[int], rows: int) -> list[_Line]:
    stores = Stores.of(database(settings))
    try:
        return [*await _campaigns(stores, sizes), *await _harm(stores, rows)]
    finally:
        stores.close()


async def _campaigns(stores: Stores, sizes: list[int]) -> list[_Line]:
    await ensure_indexes(stores.database)
    lines: list[_Line] = []
    for size in sizes:
        name = f"c{size}"
        await stores.campaigns.add(
            a_campaign(name, status=CampaignStatus.SENDING, slices=size, chains=CHAINS, report=Report(to_send=1))
        )
        await stores.slices.plan(name, range(size))
        lines.append(await _line("all slices", size, partial(stores.slices.unfinished, name), 10))
        lines.append(await _line("heads", size, partial(stores.slices.heads, name, size, CHAINS), 10))
        lines.append(await _line("tick", size, _ticking(stores), TICKS))
        await stores.database["campaigns"].delete_one({"_id": name})
    return lines


async def _harm(stores: Stores, rows: int) -> list[_Line]:
    await _ledger(stores, rows)
    return [
        await _line("harm", rows, partial(stores.emails.harm, "big"), 20),
        await _line("tried", rows, partial(stores.emails.tried, "big"), 5),
    ]


def _ticking(stores: Stores) -> Callable[[], Awaitable[object]]:
    """A tick, on a clock that goes on a second with each."""
    began, seconds = now(), count()
    times = [began]
    timers = Timers(lambda: times[-1])
    found = rounds(stores.campaigns, stores.emails, stores.slices, WarmUpGate(stores.throttles), timers, Rhythm())
    scheduler = Scheduler(found, stores.campaigns, stores.leases, timers, apart, "bench")

    async def tick() -> object:
        times.append(began + timedelta(seconds=next(seconds)))
        return await scheduler.tick()

    return tick


async def _ledger(stores: Stores, rows: int) -> None:
    """As few fields as the indexes need; 2 % bounced, 0.05 % complained."""
    for first in range(0, rows, 10_000):
        documents = [_row(number) for number in range(first, min(rows, first + 10_000))]
        await stores.database["emails"].insert_many(documents, ordered=False)


def _row(number: int) -> dict[str, Any]:
    bounced, complained = number % 50 == 0, number % 2_000 == 1
    state = {"state": "hard_bounced", "reason": "user_unknown"} if bounced else {"state": "sent"}
    key = f"big:{a_hash(str(number))}:0"
    return {"_id": key, "campaign_id": "big", **state, "times": {"complained": now()} if complained else {}}


async def _line(what: str, size: int, work: Callable[[], Awaitable[object]], times: int) -> _Line:
    await work()
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        await work()
    cpu_ms, took_ms = (1000 * (time.process_time() - cpu) / times, 1000 * (time.perf_counter() - began) / times)
    return what, f"{size:,}", f"{cpu_ms:.2f}", f"{took_ms:.1f}"


if __name__ == "__main__":
    typer.run(main)
