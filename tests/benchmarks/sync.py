"""How fast a sync carries a whole module over, with one and two workers, and again when nothing has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice, product

from cli import context
from cli.output import say
from domain.module import BUILT_IN, Module, ModuleField
from domain.record import Record, applied
from domain.slices import Run as SyncRun
from handlers.sync_runs import SLICE_SIZE
from messages.sync_requested import SyncRequested
from repositories.stores import Stores
from tests.benchmarks import bare_bulk
from tests.benchmarks.bare_bulk import How
from tests.benchmarks.house import Ground, House
from tests.benchmarks.intake import FIELD_MAP, an_event, settled
from tests.benchmarks.measured import SPEED_COLUMNS, Measured, Run, on_uvloop, speed_row
from tests.benchmarks.resident import watched
from tests.benchmarks.worker_process import patience_s, workers
from tests.builders import a_list, a_sync

QUEUE = SyncRequested.queue
SEEDED_AT_ONCE = 1_000
BARE = 20_000  #: records of each run of a bare loop
ROUNDS = 3  #: of the bare loops, interleaved
MEMORY_MIB = 150


class NotAllSynced(Exception):
    """A run did not count what it was given."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of the sync over all records."""

    speed: Run
    counts: Mapping[str, int]
    most_mib: float  #: of the largest worker
    gained_mib: float | None  #: per 100,000 records, in the second half


def measure(ground: Ground, records: int) -> Measured:
    found: dict[str, _Run] = {}
    bare: dict[How, list[Run]] = {how: [] for how in How}
    for processes in (1, 2):
        with ground.house() as house:
            on_uvloop(_measure(house, records, processes, found, bare))
    base = bare[How.UPSERT]
    again = found["unchanged, 1"].speed.per_second / found["first, 1"].speed.per_second
    return Measured(
        program="sync",
        title=f"sync: {records:,} records of {len(FIELD_MAP) + 1} fields, slices of {SLICE_SIZE}",
        columns=(*SPEED_COLUMNS, "most MiB", "MiB per 100,000"),
        rows=(
            *((*speed_row(f"bare motor bulk_write, {how}", bare[how], base), "", "") for how in How),
            *((*speed_row(name, [run.speed], base), round(run.most_mib), _gain(run)) for name, run in found.items()),
        ),
        notes=(
            "Records are stored and people are not there yet when the first run begins; nothing has changed when the",
            f"second does: {again:.1f} x as fast as the first one, with one worker. The clock runs from the first",
            "acknowledgement (of the request that cuts the slices) to the last. The bare loops write the same records",
            f"and contacts, {SLICE_SIZE} at a time and ready made, {min(records, BARE):,} of them; ratios compare with",
            "upserts by _id of both, which is what a writer does that may be told the same twice.",
            f"Memory: resident, of the largest worker; wanted: under {MEMORY_MIB}, and no slope in the second half.",
        ),
        command=f"make bench ARGS='sync --records {records}'",
    )


def _gain(run: _Run) -> str:
    return "(too short to tell)" if run.gained_mib is None else f"{run.gained_mib:.1f}"


async def _measure(
    house: House, records: int, processes: int, found: dict[str, _Run], bare: dict[How, list[Run]]
) -> None:
    async with context.stores(house.settings) as stores:
        await stores.lists.add(a_list())
        await stores.modules.save(_module())
        await stores.syncs.save(a_sync(field_map=FIELD_MAP))
        await _seed(stores, records)
        found[f"first, {processes}"] = first = await _run(house, stores, records, processes)
        _check(first, {"total": records, "new": records})
        found[f"unchanged, {processes}"] = again = await _run(house, stores, records, processes)
        _check(again, {"total": records, "unchanged": records})
        if processes == 1:
            pairs = await bare_bulk.documents(stores.database, "Leads:s", BARE)
            for number, how in product(range(ROUNDS), How):
                name = f"{how.name}{number}"
                bare[how].append(await bare_bulk.write(stores.database, pairs, name, SLICE_SIZE, how))
        say(f"sync: {processes} of 2 workers are measured")


def _check(run: _Run, wanted: Mapping[str, int]) -> None:
    if run.counts != wanted:
        raise NotAllSynced(f"counted {dict(run.counts)}, not {dict(wanted)}")


def _module() -> Module:
    """Leads with all fields of the map."""
    leads = BUILT_IN["Leads"]
    more = [ModuleField(name, name, "text") for name in FIELD_MAP if leads.field(name) is None]
    return replace(leads, fields=(*leads.fields, *more))


async def _seed(stores: Stores, count: int) -> None:
    made = (_record(number) for number in range(count))
    while some := list(islice(made, SEEDED_AT_ONCE)):
        await stores.records.save(some)


def _record(number: int) -> Record:
    change = an_event("s", number).to_change()
    return applied(Record(change.module, change.record_id), change)


async def _run(house: House, stores: Stores, records: int, processes: int) -> _Run:
    slices = -(-records // SLICE_SIZE)
    with workers(house, QUEUE, processes) as running:
        await context.publish(house.settings, [SyncRequested(sync_id="leads")])
        first = await settled(running, QUEUE, 1)
        with watched(running) as resident:
            last = await settled(running, QUEUE, 1 + slices, SLICE_SIZE)
        ended = await _ended(stores, records)
    return _Run(last.since(first, SLICE_SIZE), ended.counts, resident.most_mib, resident.slope(records))


async def _ended(stores: Stores, records: int) -> SyncRun:
    async with asyncio.timeout(patience_s(records)):
        while (run := await stores.sync_runs.latest("leads")) is None or run.ended_at is None:
            await asyncio.sleep(0.05)
    return run
