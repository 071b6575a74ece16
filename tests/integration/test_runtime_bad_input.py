"""Whatever comes to a queue: it is parked with its reason, and the worker lives on."""

import asyncio
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import aiormq
import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.errors import Transient
from repositories.parked import MongoParked
from tests.integration.runtime_support import declared, ready, running, runtime
from tests.waiting import wait_until
from tests.workers.ping import Ping, Remembers, ping_body
from workers.outgoing import ATTEMPT, ERROR, FIRST_ERROR, FIRST_SEEN, MSG_ID, QUEUE
from workers.windowed import Window

TOMORROW_A_YEAR = datetime.now(UTC) + timedelta(days=365)
EVENT = json.loads(ping_body(7))

#: Bodies, and what is said of them.
BODIES = {
    "nothing": (b"", "Invalid JSON"),
    "random bytes": (random.Random(4).randbytes(5_000), "Invalid JSON"),
    "deep JSON": (b"[" * 500_000 + b"]" * 500_000, "Invalid JSON: recursion limit"),
    "a key twice": (ping_body(7)[:-2] + b',"number":8}}', "number: is there twice"),
    "20 MB": (json.dumps(EVENT).encode().ljust(20 * 1024 * 1024), "20971520 bytes, at most 1048576 are read"),
    "from the future": (
        json.dumps(EVENT | {"time": TOMORROW_A_YEAR.isoformat()}).encode(), "time: lies more than a day in the future",
    ),
    "the end of time": (
        json.dumps(EVENT | {"time": "9999-12-31T23:59:59-23:59"}).encode(), "time: lies more than a day in the future",
    ),
    "a number too long": (ping_body(7).replace(b'"number":7', b'"number":' + b"7" * 9000), "number out of range"),
}  # fmt: skip

#: Properties of a message that is fine otherwise; none: it is handled.
PROPERTIES: dict[str, tuple[dict[str, Any], str | None]] = {
    "a wrong content type": ({"content_type": "image/png"}, "content type: 'image/png' is not read"),
    "a content type without end": ({"content_type": "\u00e9" * 127}, "content type:"),
    "packed": ({"content_encoding": "gzip"}, "content encoding: 'gzip' is not read"),
    "no headers": ({}, None),
    "an attempt below zero": ({"headers": {ATTEMPT: -7}}, None),
    "an attempt in words": ({"headers": {ATTEMPT: "seven", FIRST_SEEN: "soon", MSG_ID: 7}}, None),
    "an attempt beyond counting": ({"headers": {ATTEMPT: 2**62}}, None),
    "a retry from the future": ({"headers": {FIRST_SEEN: TOMORROW_A_YEAR.isoformat(), ATTEMPT: 1}}, None),
    "a retry from the beginning of time": ({"headers": {FIRST_SEEN: "0001-01-01T00:00:00+00:00"}}, None),
    "headers of every kind": (
        {"headers": {"a": None, "b": [1, {"c": bytearray(b"\x00\xff")}], "d": Decimal("1.5"), "e": 1.5, "f": True,
                     "g": datetime(2026, 1, 1, tzinfo=UTC), "": "", QUEUE: ["x"], ERROR: {"x": 1}, FIRST_ERROR: -1}},
        None,
    ),
    "headers that fill a frame": ({"headers": {FIRST_ERROR: "x" * 120_000}}, None),
}  # fmt: skip


async def publish_raw(url: str, body: bytes, properties: Mapping[str, Any]) -> None:
    connection = await aiormq.connect(url)
    channel = await connection.channel()
    await channel.basic_publish(body, routing_key="ping", properties=aiormq.spec.Basic.Properties(**properties))
    await connection.close()


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_is_no_message_is_parked_whole(
    amqp_url: str, mongo_database: AsyncIOMotorDatabase[Any], name: str
) -> None:
    body, says = BODIES[name]
    parked, handler = MongoParked(mongo_database), Remembers()
    await declared(amqp_url)
    for each in (ping_body(1), body, ping_body(2)):
        await publish_raw(amqp_url, each, {})
    process = runtime(amqp_url, parked)
    async with running(process, process.windowed(Ping, handler.window, window=Window(20, 0.02))):
        await settled(amqp_url, handler, {1, 2}, parked, 1)
    (listed,) = await parked.page()
    found = await parked.get(listed.id)
    assert found is not None
    assert (found.reason, found.attempts) == ("invalid_message", 1)
    assert says in found.error
    assert found.body == body


@pytest.mark.parametrize("name", PROPERTIES)
async def test_forged_properties_park_a_message_or_do_nothing(
    amqp_url: str, mongo_database: AsyncIOMotorDatabase[Any], name: str
) -> None:
    properties, says = PROPERTIES[name]
    parked, handler = MongoParked(mongo_database), Remembers()
    await declared(amqp_url)
    for body, given in ((ping_body(1), {}), (ping_body(7), properties), (ping_body(2), {})):
        await publish_raw(amqp_url, body, given)
    process = runtime(amqp_url, parked)
    async with running(process, process.single(Ping, handler.one)):
        await settled(amqp_url, handler, {1, 2} if says else {1, 2, 7}, parked, 1 if says else 0)
    for listed in await parked.page():
        assert says is not None
        assert says in listed.error


@pytest.mark.parametrize("name", [name for name, (_, says) in PROPERTIES.items() if says is None])
async def test_forged_properties_do_not_break_the_retry(
    amqp_url: str, mongo_database: AsyncIOMotorDatabase[Any], name: str
) -> None:
    """It fails for ever: whatever its headers say, it ends parked with a count that can be, and stops no other."""
    properties, _ = PROPERTIES[name]
    parked = MongoParked(mongo_database)
    handler = Remembers(before=lambda ping: fail(ping, 7))
    await declared(amqp_url)
    for body, given in ((ping_body(1), {}), (ping_body(7), properties), (ping_body(2), {})):
        await publish_raw(amqp_url, body, given)
    process = runtime(amqp_url, parked)
    async with running(process, process.single(Ping, handler.one)):
        await settled(amqp_url, handler, {1, 2}, parked, 1)
        await asyncio.sleep(0)
        assert not process.not_ready()
    (listed,) = await parked.page()
    assert listed.reason in {"attempts_spent", "too_old", "invalid_message"}
    assert 1 <= listed.attempts <= 3
    assert listed.first_seen <= listed.parked_at


def fail(ping: Ping, number: int) -> None:
    if ping.number == number:
        raise Transient("throttled")


async def settled(url: str, handler: Remembers, numbers: set[int], parked: MongoParked, count: int) -> None:
    async def done() -> bool:
        if set(handler.numbers) != numbers or sum((await parked.counts()).values()) != count:
            return False
        return await ready(url, "ping") == 0

    await wait_until(done, timeout_s=60, what=f"{numbers} handled and {count} parked")
