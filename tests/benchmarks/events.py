"""How fast delivery events come into the ledger, and how long one takes at a steady rate."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from cli import context
from cli.output import say
from domain.email import Email, EmailState
from messages.delivery_event import DeliveryEvent, EventType
from repositories.connection import Database, Document, collection
from repositories.stores import Stores
from tests.benchmarks import bare_bulk
from tests.benchmarks.bare_bulk import EVENTS, How, Pair
from tests.benchmarks.house import Ground, House
from tests.benchmarks.intake import WINDOW, settled
from tests.benchmarks.latency import exchange, paced, shares
from tests.benchmarks.measured import SPEED_COLUMNS, Measured, Run, on_uvloop, speed_row
from tests.benchmarks.worker_process import workers
from tests.builders import an_email

QUEUE = DeliveryEvent.queue
#: What is told of each email, the opening twice under one id.
KINDS = (EventType.DELIVERED, EventType.OPENED, EventType.OPENED, EventType.CLICKED)
PACE_PER_S = 1_000
PACED = 10_000  #: events at that pace, at most
SEEDED_AT_ONCE = 1_000
_MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class NotAllStored(Exception):
    """Fewer events are stored than were published, or the rows do not tell of them."""


@dataclass(frozen=True, slots=True)
class _Found:
    one: list[Run] = field(default_factory=list)
    two: list[Run] = field(default_factory=list)
    bare: list[Run] = field(default_factory=list)
    waits_ms: list[float] = field(default_factory=list)


def measure(ground: Ground, events: int, rounds: int) -> Measured:
    with ground.house() as house:
        found = on_uvloop(_measure(house, events, rounds))
    waits = ", ".join(f"{name} {ms} ms" for name, ms in shares(sorted(found.waits_ms)))
    return Measured(
        program="events",
        title=f"events: {events:,} delivery events of {events // len(KINDS):,} emails, shuffled, a quarter told twice",
        columns=SPEED_COLUMNS,
        rows=(
            speed_row("bare motor bulk_write, upsert", found.bare, found.bare),
            speed_row(f"worker, windows of {WINDOW}", found.one, found.bare),
            speed_row("two workers", found.two, found.bare),
        ),
        notes=(
            "Events wait in RabbitMQ when the worker starts; the clock runs from its first acknowledgement to its",
            f"last. The bare loop upserts the event and the row of the ledger of each, {WINDOW} at a time and ready",
            "made; the worker also looks up who of them left, bounced or was struck before.",
            f"From publishing to the stored event that all can read, at {PACE_PER_S:,} a second: {waits}.",
        ),
        command=f"make bench ARGS='events --events {events} --rounds {rounds}'",
    )


async def _measure(house: House, events: int, rounds: int) -> _Found:
    found = _Found()
    async with context.stores(house.settings) as stores:
        for number in range(rounds):
            told = await _told(stores, f"r{number}", events)
            found.one.append(await _through_the_queue(house, stores, told, 1))
            pairs = await _pairs(stores.database, told)
            found.bare.append(await bare_bulk.write(stores.database, pairs, "bare-", WINDOW, How.UPSERT, EVENTS))
            told = await _told(stores, f"t{number}", events)
            found.two.append(await _through_the_queue(house, stores, told, 2))
            say(f"events: round {number + 1} of {rounds} is over")
        found.waits_ms.extend(await _waits_ms(house, stores, min(events, PACED)))
    return found


async def _told(stores: Stores, campaign_id: str, count: int) -> list[DeliveryEvent]:
    """Events of emails that stand in the ledger, in an order in which nobody sent them."""
    emails = [
        an_email(f"{campaign_id}-{number}@example.com", campaign_id, state=EmailState.SENT)
        for number in range(-(-count // len(KINDS)))
    ]
    waiting = iter(emails)
    while some := list(islice(waiting, SEEDED_AT_ONCE)):
        await stores.emails.plan(some)
    told = [event for email in emails for event in _of(email)][:count]
    random.Random(campaign_id).shuffle(told)
    return told


def _of(email: Email) -> Iterator[DeliveryEvent]:
    for kind in KINDS:
        at = _MONDAY + timedelta(minutes=KINDS.index(kind))
        url = "https://shop.example/spring" if kind is EventType.CLICKED else None
        agent = None if kind is EventType.DELIVERED else "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0"
        yield DeliveryEvent(
            event_id=f"{email.id} {kind}", event=kind, email_id=email.id, occurred_at=at, url=url, user_agent=agent
        )


async def _through_the_queue(house: House, stores: Stores, told: Sequence[DeliveryEvent], processes: int) -> Run:
    await context.publish(house.settings, told, deadline_s=600)
    stored = stores.database["events"]
    before = await stored.estimated_document_count()
    with workers(house, QUEUE, processes, WORKERS__WINDOW_MESSAGES=str(WINDOW)) as running:
        first = await settled(running, QUEUE, 1)
        last = await settled(running, QUEUE, len(told))
    wanted = len({event.event_id for event in told})
    if (found := await stored.estimated_document_count() - before) != wanted:
        raise NotAllStored(f"{wanted} events, {found} stored")
    return last.since(first)


async def _pairs(database: Database, told: Sequence[DeliveryEvent]) -> list[Pair]:
    """What is stored of each event, in the order in which they were told."""
    events = await _by_id(database, "events", {event.event_id for event in told})
    rows = await _by_id(database, "emails", {event.email_id or "" for event in told})
    return [(events[event.event_id], rows[event.email_id or ""]) for event in told]


async def _by_id(database: Database, name: str, ids: Collection[str]) -> Mapping[str, Document]:
    waiting, found = iter(ids), {}
    while some := list(islice(waiting, SEEDED_AT_ONCE)):
        async for document in database[name].find({"_id": {"$in": some}}):
            found[document["_id"]] = document
    return found


async def _waits_ms(house: House, stores: Stores, count: int) -> list[float]:
    async with exchange(house) as into:
        with workers(house, QUEUE):
            for name in ("warm", "paced"):
                told = {event.event_id: event for event in await _told(stores, name, count)}
                waits_ms = await paced(told, into, collection(stores.database, "events"), PACE_PER_S)
    return waits_ms
