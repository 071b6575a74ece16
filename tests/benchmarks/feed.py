"""What a campaign's mails come to in the feed: numbering them, and publishing them too, beside bare inserts."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from cli import context
from domain.feed import campaign_stream
from handlers.feed import FeedRelay
from handlers.feed_news import EmailNews, Numbering
from handlers.timers import Timers
from repositories.connection import collection
from repositories.stores import Stores
from tests.benchmarks.house import Ground, House
from tests.benchmarks.measured import SPEED_COLUMNS, Measured, Run, on_uvloop, speed_row
from tests.builders import a_campaign, an_outcome, emails
from workers.announcements import Announcements
from workers.options import amqp_options
from workers.publisher import Publisher, publishing
from workers.resources import new_id, now

AT_ONCE = 1_000  #: of FeedRelay, and of the bare inserts
_STORED = 80  #: mails whose outcomes a send worker stores at once


def measure(ground: Ground, count: int, rounds: int) -> Measured:
    found = [_measured(ground, count) for _ in range(rounds)]
    bare, numbering, relay = zip(*found, strict=True)
    return Measured(
        program="feed",
        title=f"feed: {count:,} mails that were taken, as numbered entries",
        columns=SPEED_COLUMNS,
        rows=(
            speed_row("bare insert_many of the entries", bare, bare),
            speed_row("numbered", numbering, bare),
            speed_row("numbered, published and confirmed", relay, bare),
        ),
        notes=(
            f"{AT_ONCE:,} at once. Numbering reads what is marked, inserts the entries, and takes the marks back;",
            "publishing reads the entries, publishes them, and notes that in each. Nobody follows.",
        ),
        command=f"make bench ARGS='feed --emails {count} --rounds {rounds}'",
    )


def _measured(ground: Ground, count: int) -> tuple[Run, Run, Run]:
    with ground.house() as house:
        return on_uvloop(_measure(house, count))


async def _measure(house: House, count: int) -> tuple[Run, Run, Run]:
    async with context.stores(house.settings) as stores, publishing(amqp_options(house.settings)) as publisher:
        await _sent(stores, "numbered", count)
        numbering = await _timed(count, lambda: _number_all(stores))
        await stores.outbox.published(campaign_stream("numbered"), count)  # the relay has its own to publish
        await _sent(stores, "published", count)
        relay = await _timed(count, lambda: _relay_all(stores, publisher))
        return await _bare(stores, count), numbering, relay


async def _sent(stores: Stores, campaign_id: str, count: int) -> None:
    await stores.campaigns.add(a_campaign(campaign_id))
    rows = emails(count, campaign_id)
    for at in range(0, count, AT_ONCE):
        await stores.emails.plan(rows[at : at + AT_ONCE])
    for at in range(0, count, _STORED):
        await stores.emails.store([an_outcome(row) for row in rows[at : at + _STORED]])


async def _number_all(stores: Stores) -> None:
    news = _news(stores)
    while await news(AT_ONCE):
        pass


def _news(stores: Stores) -> EmailNews:
    return EmailNews(stores.feed_marks, stores.campaigns, stores.contacts, Numbering(stores.outbox, now))


async def _relay_all(stores: Stores, publisher: Publisher) -> None:
    relay = FeedRelay(
        [_news(stores)],
        stores.outbox,
        stores.replays,
        Announcements(publisher),
        stores.leases,
        Timers(now),
        new_id(),
        timedelta(days=30),
    )
    while await stores.feed_marks.emails(1) or await stores.outbox.unpublished(1):
        await relay.tick()


async def _bare(stores: Stores, count: int) -> Run:
    """The same documents into a collection without indexes."""
    documents = [each async for each in stores.database["outbox"].find({}).limit(count)]
    into = collection(stores.database, "bare")

    async def insert() -> None:
        for at in range(0, count, AT_ONCE):
            await into.insert_many(documents[at : at + AT_ONCE])

    return await _timed(count, insert)


async def _timed(count: int, work: Callable[[], Awaitable[None]]) -> Run:
    cpu_s, began = time.process_time(), time.perf_counter()
    await work()
    return Run(count, time.perf_counter() - began, time.process_time() - cpu_s)
