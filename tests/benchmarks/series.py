"""People who enter one series all at once, while messages of another fall due: how much do they hold those up?"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from cli import context
from domain.campaign import CampaignStatus, Purpose, Selection
from domain.contact import Contact, Membership
from domain.series import Delay, DelayUnit, Entry, Series, Step, child_id, entry_id
from repositories.stores import Stores
from tests.benchmarks.house import Ground, House
from tests.benchmarks.measured import Measured, on_uvloop
from tests.benchmarks.newsletter import AT_ONCE, campaign, people
from tests.benchmarks.worker_process import WorkerProcess, patience_s, workers
from tests.series_builders import JOINED, a_series
from workers.options import address_key
from workers.resources import now

OTHERS = 1_000  #: people of the other series
SPREAD_S = 60.0  #: their messages fall due within this time
_DELAY = timedelta(days=1)
_AHEAD = timedelta(seconds=15)  #: what a worker takes to start
WANTED_S = 60


@dataclass(frozen=True, slots=True)
class _Run:
    delays_s: Sequence[float]  #: of the others' messages, from due to planned; ascending
    crowd: int
    seconds: float  #: until the last of the crowd had entered and was planned
    cpu_s: float

    @property
    def per_second(self) -> float:
        return self.crowd / self.seconds if self.crowd else 0.0


def measure(ground: Ground, crowd: int) -> Measured:
    found = {"alone": _measured(ground, 0), f"beside {crowd:,}": _measured(ground, crowd)}
    return Measured(
        program="series",
        title=f"series: {crowd:,} people enter one at once, while {OTHERS:,} messages of another fall due",
        columns=("the others", "median s", "p99 s", "worst s", "entries per second", "CPU µs each"),
        rows=tuple(_row(name, run) for name, run in found.items()),
        notes=(
            f"One scheduler process with its default tick. The others' messages fall due one after the other within "
            f"{SPREAD_S:.0f} s,",
            "from when the crowd begins to enter; the delay is from then to the look that planned it. Wanted: at most",
            f"{WANTED_S} s. An entry is one person let in, decided on and planned: an entry and a row of the ledger.",
        ),
        command=f"make bench ARGS='series --recipients {crowd}'",
    )


def _row(name: str, run: _Run) -> tuple[object, ...]:
    entered = (round(run.per_second), round(run.cpu_s / run.crowd * 1_000_000)) if run.crowd else ("", "")
    return (
        name,
        f"{statistics.median(run.delays_s):.2f}",
        f"{run.delays_s[int(len(run.delays_s) * 0.99)]:.2f}",
        f"{run.delays_s[-1]:.2f}",
        *entered,
    )


def _measured(ground: Ground, crowd: int) -> _Run:
    with ground.house() as house:
        return on_uvloop(_measure(house, crowd))


async def _measure(house: House, crowd: int) -> _Run:
    async with context.stores(house.settings) as stores:
        everybody = people(crowd + OTHERS, address_key(house.settings))
        others = list(islice(everybody, OTHERS))
        while some := list(islice(everybody, AT_ONCE)):
            await stores.contacts.save([_on(each, "crowd") for each in some])
        began = now() + _AHEAD
        await _fall_due(stores, others, began)
        with workers(house, "scheduler") as (worker,):
            await asyncio.sleep(max(0.0, (began - now()).total_seconds()))
            took_s, cpu_s = await _entered(stores, worker, crowd)
            delays_s = [each async for each in _delays_s(stores)]
    return _Run(sorted(delays_s), crowd, took_s, cpu_s)


def _on(person: Contact, list_id: str) -> Contact:
    return replace(person, memberships={list_id: Membership(list_id, frozenset({"import:1"}))})


async def _fall_due(stores: Stores, people: Sequence[Contact], began: datetime) -> None:
    """The other series, whose people are all there, each a moment after the one before."""
    await stores.contacts.save([_on(each, "others") for each in people])
    await _runs(stores, "others", Delay(1, DelayUnit.DAYS), began)
    apart_s = SPREAD_S / len(people)
    await stores.series_entries.enter(
        [_entry(each, began + timedelta(seconds=number * apart_s)) for number, each in enumerate(people)]
    )


def _entry(person: Contact, due: datetime) -> Entry:
    return Entry(
        entry_id("others", person.id, 0), "others", person.id, 0, entered_at=due - _DELAY, next_at=due
    )  # fmt: skip


async def _runs(stores: Stores, series_id: str, delay: Delay, began: datetime) -> None:
    step = Step("hello", child_id(series_id, "hello"), JOINED, delay)
    child = replace(campaign(step.campaign_id, 0, 4), purpose=Purpose.WELCOME, recipients=Selection())
    await stores.campaigns.add(replace(child, series=series_id, status=CampaignStatus.SENDING))
    await stores.series.add(_series(series_id, step, began))


def _series(series_id: str, step: Step, began: datetime) -> Series:
    return a_series(step, id=series_id, list_id=series_id, existing_members=True, started_at=began, status_at=began)


async def _entered(stores: Stores, worker: WorkerProcess, crowd: int) -> tuple[float, float]:
    """Start the crowd's series; seconds, and processor time, until all of it is planned, and the others too."""
    began_s, cpu_s = time.monotonic(), worker.cpu_s
    if crowd:
        await _runs(stores, "crowd", Delay(), now())
        await _planned(stores, "crowd", crowd)
    took_s, used_s = time.monotonic() - began_s, worker.cpu_s - cpu_s
    await _planned(stores, "others", OTHERS)
    return took_s, used_s


async def _planned(stores: Stores, series_id: str, count: int) -> None:
    emails = stores.database["emails"]
    async with asyncio.timeout(patience_s(count) + SPREAD_S):
        while await emails.count_documents({"campaign_id": child_id(series_id, "hello")}) < count:
            await asyncio.sleep(0.5)


async def _delays_s(stores: Stores) -> AsyncIterator[float]:
    """From due to planned, of each of the others' messages."""
    rows = stores.database["emails"].find({"campaign_id": child_id("others", "hello")})
    async for row in rows:
        yield (row["state_at"] - row["next_at"]).total_seconds()
