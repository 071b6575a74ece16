"""How long a changed record takes from being published to a contact that everybody can read, at a steady rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aio_pika import Message as AmqpMessage
from aio_pika import connect
from aio_pika.abc import AbstractExchange

from cli import context
from domain.contact import contact_id
from messages.base import IN
from messages.record_changed import RecordChanged
from repositories.connection import Database, collection
from repositories.stores import Stores
from tests.benchmarks.house import Ground, House
from tests.benchmarks.intake import FIELD_MAP, QUEUE, an_event
from tests.benchmarks.measured import Measured, on_uvloop
from tests.benchmarks.worker_process import workers
from tests.builders import a_list, a_sync
from workers.options import address_key
from workers.outgoing import outgoing
from workers.resources import new_id, now

TICK_S = 0.01
WARM_UP = 1_000
PATIENCE_S = 60.0
WANTED_P99_MS = 500


def measure(ground: Ground, events: int, per_s: int) -> Measured:
    with ground.house() as house:
        waits_ms = sorted(on_uvloop(_measure(house, events, per_s)))
    return Measured(
        program="latency",
        title=f"latency: {events:,} record-changed events at {per_s:,} a second, an active sync",
        columns=("", "ms"),
        rows=tuple((name, round(_at(waits_ms, share))) for name, share in _SHARES.items()),
        notes=(
            "From publishing an event of somebody new to the change stream of the contacts telling of them, which it",
            "does once a majority has the write. One worker, default window. Wanted: 99 % in less than "
            f"{WANTED_P99_MS} ms.",
        ),
        command=f"make bench ARGS='latency --events {events} --rate {per_s}'",
    )


_SHARES = {"half of them within": 0.5, "95 %": 0.95, "99 %": 0.99, "all": 1.0}


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def _measure(house: House, events: int, per_s: int) -> list[float]:
    async with context.stores(house.settings) as stores, _exchange(house) as exchange:
        await stores.lists.add(a_list())
        await stores.syncs.save(a_sync(field_map=FIELD_MAP))
        with workers(house, QUEUE):
            await _through(house, stores, exchange, "warm", WARM_UP, per_s)
            return await _through(house, stores, exchange, "told", events, per_s)


async def _through(
    house: House, stores: Stores, exchange: AbstractExchange, name: str, events: int, per_s: int
) -> list[float]:
    """Milliseconds of each."""
    seen: dict[str, float] = {}
    made = [an_event(name, number) for number in range(events)]
    watching = asyncio.create_task(_watch(stores.database, seen, events))
    await asyncio.sleep(1)  # the change stream is open
    published = await _published(exchange, made, per_s)
    async with asyncio.timeout(PATIENCE_S):
        await watching
    key = address_key(house.settings)
    return [
        (seen[contact_id(str((event.fields or {})["Email"]).lower(), key)] - at) * 1000
        for event, at in zip(made, published, strict=True)
    ]


async def _watch(database: Database, seen: dict[str, float], events: int) -> None:
    async with collection(database, "contacts").watch([{"$match": {"operationType": "insert"}}]) as stream:
        async for change in stream:
            seen[change["documentKey"]["_id"]] = time.perf_counter()
            if len(seen) == events:
                return


async def _published(exchange: AbstractExchange, made: Sequence[RecordChanged], per_s: int) -> list[float]:
    """When each was published, which is when its turn came."""
    began, at = time.perf_counter(), []
    for number, event in enumerate(made):
        while (wait_s := began + number / per_s - time.perf_counter()) > 0:
            await asyncio.sleep(max(wait_s, TICK_S))
        ready = outgoing(event, id=new_id(), time=now())
        at.append(time.perf_counter())
        await exchange.publish(AmqpMessage(ready.body, content_type=ready.content_type), event.queue)
    return at


@asynccontextmanager
async def _exchange(house: House) -> AsyncIterator[AbstractExchange]:
    url = house.settings.amqp.url
    assert url is not None
    async with await connect(url.get_secret_value()) as connection:
        channel = await connection.channel(publisher_confirms=False)
        yield await channel.get_exchange(IN)
