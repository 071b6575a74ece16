"""The runtime with the store that keeps what it gives up, both on real servers."""

import asyncio
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from repositories.parked import MongoParked
from tests import servers as tested
from tests.integration.runtime_support import amqp, declared, ready, running, runtime
from tests.waiting import wait_until
from tests.workers.ping import Ping, Remembers, pings
from workers.outgoing import Outgoing
from workers.publisher import publishing
from workers.windowed import Window

MIB = 1024 * 1024


def bad(body: bytes, **headers: object) -> Outgoing:
    return Outgoing("campaigns.in", "ping", body, headers)


async def publish(url: str, *messages: Outgoing) -> None:
    async with publishing(amqp(url), deadline_s=60) as publisher:
        await publisher.publish(messages)


async def kept(parked: MongoParked, count: int) -> None:
    async def there() -> bool:
        return await parked.counts() == {"ping": count}

    await wait_until(there, timeout_s=60, what=f"{count} parked")


@pytest.mark.parametrize("size_bytes", [100, MIB + 1, 2 * MIB])
async def test_what_is_parked_comes_back_whole(
    amqp_url: str, mongo_database: AsyncIOMotorDatabase[Any], size_bytes: int
) -> None:
    await declared(amqp_url)
    parked, handler = MongoParked(mongo_database), Remembers()
    body = bytes(range(256)) * (size_bytes // 256) + b"x" * (size_bytes % 256)
    await publish(amqp_url, bad(body, theirs="a.b$c"), *pings(3))
    process = runtime(amqp_url, parked)
    async with running(process, process.windowed(Ping, handler.window, window=Window(20, 0.02))):
        await kept(parked, 1)
    (listed,) = await parked.page()
    found = await parked.get(listed.id)
    assert found is not None
    assert found.body == body
    assert found.headers["theirs"] == "a.b$c"
    assert await mongo_database["parked_bodies.files"].count_documents({}) == int(size_bytes > MIB)
    assert sorted(handler.numbers) == [0, 1, 2]
    assert await ready(amqp_url, "ping") == 0


async def test_ids_that_cannot_be_stored_or_are_used_twice_cost_no_message_and_stop_no_queue(
    amqp_url: str, mongo_database: AsyncIOMotorDatabase[Any]
) -> None:
    await declared(amqp_url)
    parked, handler = MongoParked(mongo_database), Remembers()
    same = [bad(b'{"id":"1","source":"%d"}' % source) for source in range(5)]
    await publish(amqp_url, bad(b'{"id":"\\ud800"}'), *same, *same, *pings(3))
    process = runtime(amqp_url, parked)
    async with running(process, process.windowed(Ping, handler.window, window=Window(20, 0.02))):
        await kept(parked, 6)
        await wait_until(lambda: _three(handler), timeout_s=60, what="the good ones handled")
    assert await ready(amqp_url, "ping") == 0


@pytest.mark.needs_control
async def test_nothing_is_lost_while_the_store_of_parked_messages_is_away(
    amqp_url: str, mongo_database: AsyncIOMotorDatabase[Any], control: tested.Control
) -> None:
    await declared(amqp_url)
    parked = MongoParked(mongo_database)
    await asyncio.to_thread(control.kill_store)
    await publish(amqp_url, *(bad(b"%d" % number) for number in range(30)))
    process = runtime(amqp_url, parked)
    async with running(process, process.single(Ping, Remembers().one, concurrency=4)):
        await asyncio.to_thread(control.start_store)
        await kept(parked, 30)
    assert await ready(amqp_url, "ping") == 0


async def _three(handler: Remembers) -> bool:
    return sorted(handler.numbers) == [0, 1, 2]
