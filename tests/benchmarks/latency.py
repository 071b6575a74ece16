"""How long a changed record takes from being published to a contact that everybody can read, at a steady rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aio_pika import Message as AmqpMessage
from aio_pika import connect
from aio_pika.abc import AbstractExchange

from cli import context
from domain.contact import contact_id
from messages.base import IN, Message
from messages.record_changed import RecordChanged
from repositories.connection import Collection, collection
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
        rows=tuple(shares(waits_ms)),
        notes=(
            "From publishing an event of somebody new to the change stream of the contacts telling of them, which it",
            "does once a majority has the write. One worker, default window. Wanted: 99 % in less than "
            f"{WANTED_P99_MS} ms.",
        ),
        command=f"make bench ARGS='latency --events {events} --rate {per_s}'",
    )


_SHARES = {"half of them within": 0.5, "95 %": 0.95, "99 %": 0.99, "all": 1.0}


def shares(ordered_ms: Sequence[float]) -> Iterator[tuple[str, int]]:
    """How long the half took, nearly all, and all."""
    for name, share in _SHARES.items():
        yield name, round(ordered_ms[min(len(ordered_ms) - 1, int(len(ordered_ms) * share))])


async def _measure(house: House, events: int, per_s: int) -> list[float]:
    key = address_key(house.settings)

    def contact_of(event: RecordChanged) -> str:
        return contact_id(str((event.fields or {})["Email"]).lower(), key)

    async with context.stores(house.settings) as stores, exchange(house) as into:
        await stores.lists.add(a_list())
        await stores.syncs.save(a_sync(field_map=FIELD_MAP))
        contacts = collection(stores.database, "contacts")
        with workers(house, QUEUE):
            for name, count in (("warm", WARM_UP), ("told", events)):
                told = {contact_of(event): event for event in (an_event(name, number) for number in range(count))}
                waits_ms = await paced(told, into, contacts, per_s)
    return waits_ms


async def paced(told: Mapping[str, Message], into: AbstractExchange, visible: Collection, per_s: int) -> list[float]:
    """Milliseconds from publishing each message to the document of its id, `told` by these ids."""
    seen: dict[str, float] = {}
    watching = asyncio.create_task(_watch(visible, seen, len(told)))
    await asyncio.sleep(1)  # the change stream is open
    published = await _published(into, list(told.values()), per_s)
    async with asyncio.timeout(PATIENCE_S):
        await watching
    return [(seen[key] - at) * 1000 for key, at in zip(told, published, strict=True)]


async def _watch(visible: Collection, seen: dict[str, float], count: int) -> None:
    async with visible.watch([{"$match": {"operationType": "insert"}}]) as stream:
        async for change in stream:
            seen[change["documentKey"]["_id"]] = time.perf_counter()
            if len(seen) == count:
                return


async def _published(into: AbstractExchange, made: Sequence[Message], per_s: int) -> list[float]:
    """When each was published, which is when its turn came."""
    began, at = time.perf_counter(), []
    for number, message in enumerate(made):
        while (wait_s := began + number / per_s - time.perf_counter()) > 0:
            await asyncio.sleep(max(wait_s, TICK_S))
        ready = outgoing(message, id=new_id(), time=now())
        at.append(time.perf_counter())
        await into.publish(AmqpMessage(ready.body, content_type=ready.content_type), message.queue)
    return at


@asynccontextmanager
async def exchange(house: House) -> AsyncIterator[AbstractExchange]:
    """Where messages come in, on a connection of its own without confirms."""
    url = house.settings.amqp.url
    assert url is not None
    async with await connect(url.get_secret_value()) as connection:
        channel = await connection.channel(publisher_confirms=False)
        yield await channel.get_exchange(IN)
