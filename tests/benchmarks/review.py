"""How fast a campaign is reviewed by two workers: people put on the list, decided on, and written into the ledger."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

import psutil
from pymongo import InsertOne

from cli import context
from cli.output import say
from domain.campaign import Campaign, CampaignStatus, Selection
from domain.record import Record, applied
from handlers.campaign_moves import CampaignMoves
from handlers.review_people import SLICE_SIZE
from messages.review_requested import ReviewRequested
from repositories.connection import Database, Document, collection
from repositories.stores import Stores
from tests.benchmarks.house import Ground, House
from tests.benchmarks.intake import an_event
from tests.benchmarks.measured import SPEED_COLUMNS, Measured, Run, on_uvloop, speed_row
from tests.benchmarks.resident import MIB, SAMPLE_S, Resident, watched
from tests.benchmarks.worker_process import WorkerProcess, patience_s, workers
from tests.builders import a_list
from tests.handlers.reviewing import a_draft
from workers.resources import now

QUEUE = ReviewRequested.queue
MODULES = ("Contacts", "Leads")
PROCESSES = 2
SEEDED_AT_ONCE = 1_000
BARE = 50_000  #: rows of each run of the bare loop
ROUNDS = 3  #: of the bare loop
MEMORY_MIB = 150


class NotAllReviewed(Exception):
    """A review did not end as it has to."""


@dataclass(frozen=True, slots=True)
class _Review:
    run: Run
    step_s: tuple[float, float] | None  #: of the two steps
    most_mib: float  #: of the larger worker
    gained_mib: float | None  #: per 100,000 people, in the second half


def measure(ground: Ground, recipients: int) -> Measured:
    with ground.house() as house:
        found, bare = on_uvloop(_measure(house, recipients))
    return Measured(
        program="review",
        title=f"review: {recipients:,} people of {len(MODULES)} modules, {PROCESSES} workers, slices of {SLICE_SIZE}",
        columns=(*SPEED_COLUMNS, "minutes", "step 1 s", "step 2 s", "most MiB", "MiB per 100,000"),
        rows=(
            (*speed_row("bare scan and bulk insert", bare, bare), "", "", "", "", ""),
            *((*speed_row(name, [each.run], bare), *_more(each)) for name, each in found.items()),
        ),
        notes=(
            "First: nobody has been carried over; step 1 makes a contact of each and marks its record, step 2 decides",
            "and writes the rows. Again: reopened, and reviewed once more. Dry run: by the command, in one process,",
            "with a file of everybody; nothing is written elsewhere. The clock runs from the request to the",
            f"verdict. The bare loop reads records {SLICE_SIZE} at a time and inserts of each a contact and a row, all",
            f"ready made, {min(recipients, BARE):,} of them, in one process: nothing is decided,",
            "nothing of it is read back, and no repeat would survive. Wanted: a ratio of 0.5.",
            f"Memory: resident, of the larger worker; wanted: under {MEMORY_MIB}, and no slope in the second half.",
        ),
        command=f"make bench ARGS='review --recipients {recipients}'",
    )


def _more(each: _Review) -> tuple[object, ...]:
    gain = "(too short to tell)" if each.gained_mib is None else f"{each.gained_mib:.1f}"
    steps = (round(step) for step in each.step_s) if each.step_s else ("", "")
    return (f"{each.run.seconds / 60:.1f}", *steps, round(each.most_mib), gain)


async def _measure(house: House, recipients: int) -> tuple[dict[str, _Review], list[Run]]:
    found: dict[str, _Review] = {}
    async with context.stores(house.settings) as stores:
        await stores.lists.add(a_list())
        await stores.campaigns.add(a_draft("spring", recipients=Selection(modules=MODULES)))
        await _seed(stores, recipients)
        with workers(house, QUEUE, PROCESSES) as running:
            for name in ("first", "again"):
                found[name] = await _review(house, stores, running, recipients)
                say(f"review: {name} is measured")
                bare = [await _bare(stores.database, recipients, number) for number in range(ROUNDS)]
                moves = CampaignMoves(stores.campaigns, stores.emails, stores.slices, now)
                await moves.reopen("spring")
        found["dry run"] = await asyncio.to_thread(_dry_run, house, recipients)
    return found, bare


def _dry_run(house: House, recipients: int) -> _Review:
    """The command, which works by itself and writes everybody into a file."""
    file, began = house.directory / "people.csv", time.perf_counter()
    process = psutil.Popen(
        [sys.executable, "-m", "cli", "campaign", "dry-run", "spring", "--people", str(file), "--json"],
        env={**os.environ, **house.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    resident, cpu_s = Resident(), 0.0
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            resident.samples.append((time.perf_counter() - began, process.memory_info().rss / MIB))
            cpu_s = times.user + times.system
        time.sleep(SAMPLE_S)
    if process.returncode or sum(1 for _ in file.open()) != recipients + 1:
        raise NotAllReviewed(f"the dry run ended with {process.returncode}")
    run = Run(recipients, time.perf_counter() - began, cpu_s)
    return _Review(run, None, resident.most_mib, resident.slope(recipients))


async def _seed(stores: Stores, count: int) -> None:
    """Half of them of each module."""
    made = (_record(number, MODULES[number % len(MODULES)]) for number in range(count))
    while some := list(islice(made, SEEDED_AT_ONCE)):
        await stores.records.save(some)


def _record(number: int, module: str) -> Record:
    change = replace(an_event("r", number).to_change(), module=module)
    return applied(Record(module, change.record_id), change)


async def _review(house: House, stores: Stores, running: Sequence[WorkerProcess], recipients: int) -> _Review:
    cpu_s, began = sum(worker.cpu_s for worker in running), time.perf_counter()
    await context.publish(house.settings, [ReviewRequested(campaign_id="spring")])
    with watched(running) as resident:
        await _until(
            stores, {CampaignStatus.TO_BE_REVIEWED, CampaignStatus.IN_REVIEW, CampaignStatus.REVIEWED}, recipients
        )
        between = time.perf_counter()
        campaign = await _until(stores, {CampaignStatus.REVIEWED, CampaignStatus.REJECTED}, recipients)
    ended = time.perf_counter()
    if campaign.report is None or campaign.report.to_send != recipients:
        raise NotAllReviewed(f"{campaign.status}: {campaign.status_reason}, {campaign.report}")
    run = Run(recipients, ended - began, sum(worker.cpu_s for worker in running) - cpu_s)
    return _Review(run, (between - began, ended - between), resident.most_mib, resident.slope(recipients))


async def _until(stores: Stores, wanted: set[CampaignStatus], recipients: int) -> Campaign:
    async with asyncio.timeout(patience_s(recipients)):
        while True:
            campaign = await stores.campaigns.get("spring")
            if campaign is not None and campaign.status in wanted:
                return campaign
            await asyncio.sleep(0.2)


async def _bare(database: Database, recipients: int, number: int) -> Run:
    """Read records, and insert what a review made of them under other ids."""
    count = min(recipients, BARE)
    contacts = [each async for each in collection(database, "contacts").find().limit(count)]
    rows = [each async for each in collection(database, "emails").find({"campaign_id": "spring"}).limit(count)]
    gc.freeze()  # the documents held ready are not to be looked through again and again: that is no part of the work
    process = psutil.Process()
    cpu, began = process.cpu_times(), time.perf_counter()
    place = 0
    async for keys in _pages(database, count):
        some = slice(place, place + len(keys))
        await _inserted(database, "contacts", contacts[some], f"bare{number}")
        await _inserted(database, "emails", [{**row, "campaign_id": "bare"} for row in rows[some]], f"bare{number}")
        place += len(keys)
    seconds, used = time.perf_counter() - began, process.cpu_times()
    gc.unfreeze()
    for name in ("contacts", "emails"):
        await collection(database, name).delete_many({"_id": {"$regex": f"^bare{number}"}})
    return Run(count, seconds, used.user + used.system - cpu.user - cpu.system)


async def _pages(database: Database, count: int) -> AsyncIterator[list[Document]]:
    records, after, read = collection(database, "records"), "", 0
    while read < count:
        page = await records.find({"_id": {"$gt": after}}).sort("_id", 1).limit(SLICE_SIZE).to_list(None)
        yield page[: count - read]
        after, read = page[-1]["_id"], read + len(page)


async def _inserted(database: Database, name: str, documents: Sequence[Document], mark: str) -> None:
    operations = [InsertOne({**each, "_id": f"{mark}{each['_id']}"}) for each in documents]
    await collection(database, name).bulk_write(operations, ordered=False)
