"""How fast record-changed events become records and contacts: in windows, one by one, and what MongoDB would take."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cli import context
from cli.output import say
from domain.record import Operation
from messages.record_changed import RecordChanged
from repositories.stores import Stores
from tests.benchmarks import bare_bulk
from tests.benchmarks.house import Ground, House
from tests.benchmarks.measured import SPEED_COLUMNS, Measured, Run, on_uvloop, speed_row
from tests.benchmarks.worker_process import WorkerProcess, patience_s, workers
from tests.builders import a_list, a_sync

QUEUE = RecordChanged.queue
WINDOW = 200
SLOWER = 20  #: one by one gets so many times fewer events, to end in about the same time
FIELD_MAP = {
    "First_Name": "first_name", "Last_Name": "last_name", "Company": "company", "City": "city", "Phone": "phone",
    "Title": "title", "Country": "country", "Industry": "industry",
}  # fmt: skip
_MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class NotAllStored(Exception):
    """Fewer records or contacts are stored than events were published."""


@dataclass(frozen=True, slots=True)
class _Seen:
    settled: int
    at: float
    cpu_s: float


def measure(ground: Ground, events: int, rounds: int) -> Measured:
    with ground.house() as house:
        return on_uvloop(_measure(house, events, rounds))


async def _measure(house: House, events: int, rounds: int) -> Measured:
    windows: list[Run] = []
    singly: list[Run] = []
    bare: list[Run] = []
    async with context.stores(house.settings) as stores:
        await stores.lists.add(a_list())
        await stores.syncs.save(a_sync(field_map=FIELD_MAP))
        for number in range(rounds):
            windows.append(await _through_the_queue(house, stores, events, f"w{number}", WINDOW))
            documents = await bare_bulk.documents(stores.database, f"Leads:w{number}-")
            bare.append(await bare_bulk.write(stores.database, documents, f"b{number}", WINDOW))
            singly.append(await _through_the_queue(house, stores, events // SLOWER, f"s{number}", 1))
            say(f"intake: round {number + 1} of {rounds} is over")
    return Measured(
        program="intake",
        title=f"intake: {events:,} record-changed events of {len(FIELD_MAP) + 1} fields, an active sync",
        columns=SPEED_COLUMNS,
        rows=(
            speed_row("bare motor bulk_write", bare, bare),
            speed_row(f"worker, windows of {WINDOW}", windows, bare),
            speed_row("worker, one by one", singly, bare),
        ),
        notes=(
            "Events wait in RabbitMQ when the worker starts; the clock runs from its first acknowledgement to its",
            f"last. One by one: {events // SLOWER:,} events. The bare loop inserts the same records and contacts,",
            f"{WINDOW} at a time and ready made: no queue, no reading, no projection, no mark on the record.",
            "CPU: of the worker, or the loop, alone.",
        ),
        command=f"make bench ARGS='intake --events {events} --rounds {rounds}'",
    )


async def _through_the_queue(house: House, stores: Stores, count: int, name: str, window: int) -> Run:
    await context.publish(house.settings, [_event(name, number) for number in range(count)], deadline_s=300)
    before = await _stored(stores)
    with workers(house, QUEUE, WORKERS__WINDOW_MESSAGES=str(window)) as (worker,):
        first = await _settled(worker, 1)
        last = await _settled(worker, count)
    if (after := await _stored(stores)) != (before[0] + count, before[1] + count):
        raise NotAllStored(f"{count} events; records and contacts before {before}, after {after}")
    return Run(last.settled - first.settled, last.at - first.at, last.cpu_s - first.cpu_s)


async def _settled(worker: WorkerProcess, at_least: int) -> _Seen:
    async with asyncio.timeout(patience_s(at_least)):
        while (settled := worker.settled(QUEUE)) < at_least:
            await asyncio.sleep(0.05)
    return _Seen(settled, time.perf_counter(), worker.cpu_s)


async def _stored(stores: Stores) -> tuple[int, int]:
    """Records and contacts."""
    names = ("records", "contacts")
    records, contacts = [await stores.database[name].estimated_document_count() for name in names]
    return records, contacts


def _event(name: str, number: int) -> RecordChanged:
    values = {theirs: f"{theirs.replace('_', ' ')} {number}" for theirs in FIELD_MAP}
    return RecordChanged(
        module="Leads",
        record_id=f"{name}-{number:07}",
        operation=Operation.CREATE,
        fields={"Email": f"jane.{name}.{number}@company{number % 997}.example", **values},
        changed_at=_MONDAY + timedelta(seconds=number),
    )
