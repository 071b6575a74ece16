"""How fast record-changed events become records and contacts: in windows, one by one, and what MongoDB would take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cli import context
from cli.output import say
from domain.record import Operation
from messages.record_changed import RecordChanged
from repositories.stores import Stores
from tests.benchmarks import bare_bulk
from tests.benchmarks.bare_bulk import How
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
class Seen:
    """What worker processes had done at some time."""

    settled: int
    at: float
    cpu_s: float

    def since(self, earlier: Seen, each: int = 1) -> Run:
        """What they did in between; a message counts for `each`."""
        return Run((self.settled - earlier.settled) * each, self.at - earlier.at, self.cpu_s - earlier.cpu_s)


def measure(ground: Ground, events: int, rounds: int) -> Measured:
    with ground.house() as house:
        return on_uvloop(_measure(house, events, rounds))


async def _measure(house: House, events: int, rounds: int) -> Measured:
    windows: list[Run] = []
    singly: list[Run] = []
    two: list[Run] = []
    upserts: list[Run] = []
    inserts: list[Run] = []
    async with context.stores(house.settings) as stores:
        await stores.lists.add(a_list())
        await stores.syncs.save(a_sync(field_map=FIELD_MAP))
        for number in range(rounds):
            windows.append(await _through_the_queue(house, stores, events, f"w{number}", WINDOW))
            documents = await bare_bulk.documents(stores.database, f"Leads:w{number}-")
            upserts.append(await bare_bulk.write(stores.database, documents, f"u{number}", WINDOW, How.UPSERT))
            inserts.append(await bare_bulk.write(stores.database, documents, f"i{number}", WINDOW, How.INSERT))
            two.append(await _through_the_queue(house, stores, events, f"t{number}", WINDOW, processes=2))
            singly.append(await _through_the_queue(house, stores, events // SLOWER, f"s{number}", 1))
            say(f"intake: round {number + 1} of {rounds} is over")
    return Measured(
        program="intake",
        title=f"intake: {events:,} record-changed events of {len(FIELD_MAP) + 1} fields, an active sync",
        columns=SPEED_COLUMNS,
        rows=(
            speed_row("bare motor bulk_write, upsert", upserts, upserts),
            speed_row("bare motor bulk_write, insert", inserts, upserts),
            speed_row(f"worker, windows of {WINDOW}", windows, upserts),
            speed_row("two workers", two, upserts),
            speed_row("worker, one by one", singly, upserts),
        ),
        notes=(
            "Events wait in RabbitMQ when the worker starts; the clock runs from its first acknowledgement to its",
            f"last. One by one: {events // SLOWER:,} events. The bare loops write the same records and contacts,",
            f"{WINDOW} at a time and ready made: no queue, no reading, no projection. Upserts by _id are what a",
            "writer does that may be told the same twice, and what ratios compare with; inserts fail the second time.",
            "CPU: of the worker, or the loop, alone, for each event.",
        ),
        command=f"make bench ARGS='intake --events {events} --rounds {rounds}'",
    )


async def _through_the_queue(
    house: House, stores: Stores, count: int, name: str, window: int, processes: int = 1
) -> Run:
    await context.publish(house.settings, [an_event(name, number) for number in range(count)], deadline_s=300)
    before = await _stored(stores)
    with workers(house, QUEUE, processes, WORKERS__WINDOW_MESSAGES=str(window)) as running:
        first = await settled(running, QUEUE, 1)
        last = await settled(running, QUEUE, count)
    if (after := await _stored(stores)) != (before[0] + count, before[1] + count):
        raise NotAllStored(f"{count} events; records and contacts before {before}, after {after}")
    return last.since(first)


async def settled(running: Sequence[WorkerProcess], queue: str, at_least: int, each: int = 1) -> Seen:
    """As soon as they have settled so many messages together, of which each is worth so many."""
    async with asyncio.timeout(patience_s(at_least * each)):
        while (found := sum(worker.settled(queue) for worker in running)) < at_least:
            await asyncio.sleep(0.05)
    return Seen(found, time.perf_counter(), sum(worker.cpu_s for worker in running))


async def _stored(stores: Stores) -> tuple[int, int]:
    """Records and contacts."""
    names = ("records", "contacts")
    records, contacts = [await stores.database[name].estimated_document_count() for name in names]
    return records, contacts


def an_event(name: str, number: int) -> RecordChanged:
    values = {theirs: f"{theirs.replace('_', ' ')} {number}" for theirs in FIELD_MAP}
    return RecordChanged(
        module="Leads",
        record_id=f"{name}-{number:07}",
        operation=Operation.CREATE,
        fields={"Email": f"jane.{name}.{number}@company{number % 997}.example", **values},
        changed_at=_MONDAY + timedelta(seconds=number),
    )
