"""Many events of one record: none costs more than those before it, and two workers do not keep each other from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cli import context
from cli.output import say
from domain.record import Operation
from messages.record_changed import RecordChanged
from repositories.stores import Stores
from tests.benchmarks.house import Ground, House
from tests.benchmarks.intake import FIELD_MAP, WINDOW, an_event, settled
from tests.benchmarks.measured import SPEED_COLUMNS, Measured, Run, on_uvloop, speed_row
from tests.benchmarks.worker_process import workers
from tests.builders import a_list, a_sync

QUEUE = RecordChanged.queue
_MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class NotTheNewest(Exception):
    """The record does not end as its newest event says."""


def measure(ground: Ground, events: int, rounds: int) -> Measured:
    with ground.house() as house:
        many, first, second, two = on_uvloop(_measure(house, events, rounds))
    return Measured(
        program="hot",
        title=f"hot: {events:,} events of one record, an active sync",
        columns=SPEED_COLUMNS,
        rows=(
            speed_row("as many records", many, many),
            speed_row("one record, first half", first, many),
            speed_row("one record, second half", second, many),
            speed_row("one record, two workers", two, many),
        ),
        notes=(
            f"Windows of {WINDOW}; each event changes the record and its contact. The second half is as fast as the",
            "first: what an event costs does not grow with those before it.",
        ),
        command=f"make bench ARGS='hot --events {events} --rounds {rounds}'",
    )


async def _measure(house: House, events: int, rounds: int) -> tuple[list[Run], list[Run], list[Run], list[Run]]:
    many: list[Run] = []
    first: list[Run] = []
    second: list[Run] = []
    two: list[Run] = []
    async with context.stores(house.settings) as stores:
        await stores.lists.add(a_list())
        await stores.syncs.save(a_sync(field_map=FIELD_MAP))
        for number in range(rounds):
            of_many = [an_event(f"m{number}", each) for each in range(events)]
            many.append(sum_of(await _halves(house, of_many, 1)))
            halves = await _hot(stores, house, f"h{number}", events, 1)
            first.append(halves[0])
            second.append(halves[1])
            two.append(sum_of(await _hot(stores, house, f"t{number}", events, 2)))
            say(f"hot: round {number + 1} of {rounds} is over")
    return many, first, second, two


async def _hot(stores: Stores, house: House, name: str, events: int, processes: int) -> tuple[Run, Run]:
    """Few events may all be done before anybody looks: then it is done again, with another record."""
    attempt = 0
    while True:
        found = await _halves(house, _of_one(f"{name}-{attempt}", events), processes)
        await _check(stores, f"{name}-{attempt}", events)
        if all(run.count for run in found):
            return found
        attempt += 1


def sum_of(runs: tuple[Run, Run]) -> Run:
    """Both as one."""
    one, other = runs
    return Run(one.count + other.count, one.seconds + other.seconds, one.cpu_s + other.cpu_s)


async def _halves(house: House, told: list[RecordChanged], processes: int) -> tuple[Run, Run]:
    await context.publish(house.settings, told, deadline_s=600)
    with workers(house, QUEUE, processes, WORKERS__WINDOW_MESSAGES=str(WINDOW)) as running:
        begun = await settled(running, QUEUE, 1)
        halfway = await settled(running, QUEUE, len(told) // 2)
        ended = await settled(running, QUEUE, len(told))
    return halfway.since(begun), ended.since(halfway)


def _of_one(name: str, count: int) -> list[RecordChanged]:
    """Each gives another city."""
    created = an_event(name, 0)
    return [created, *(_moved(created, number) for number in range(1, count))]


def _moved(created: RecordChanged, number: int) -> RecordChanged:
    changes = {
        "operation": Operation.UPDATE,
        "fields": {"City": f"City {number}"},
        "changed_at": _MONDAY + timedelta(seconds=number),
    }
    return created.model_copy(update=changes)


async def _check(stores: Stores, name: str, events: int) -> None:
    ref = f"Leads:{name}-{0:07}"
    record = (await stores.records.load([ref]))[ref]
    if (city := record.value("City")) != f"City {events - 1}":
        raise NotTheNewest(f"{ref}: {city}, of {events} events")
