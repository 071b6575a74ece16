"""A broker that takes no more: publishers wait, then say why; nothing that was confirmed is lost."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from domain.errors import BrokerUnavailable
from tests import servers as tested
from tests.integration.runtime_support import amqp, declared, ready, running, runtime, until
from tests.waiting import wait_until
from tests.workers.memory_parking import MemoryParking
from tests.workers.ping import Ping, Pong, Remembers, pings
from workers.publisher import publishing
from workers.windowed import Window


def limit(servers: tested.TestedServers, url: str, queue: str, messages: int) -> None:
    assert servers.ctl is not None
    vhost = urlsplit(url).path.removeprefix("/")
    rule = json.dumps({"max-length": messages})
    servers.ctl("set_policy", "--vhost", vhost, f"limit-{queue}", f"^{queue}$", rule, "--apply-to", "queues")


async def test_a_full_queue_refuses_and_the_publisher_says_so(amqp_url: str, servers: tested.TestedServers) -> None:
    await declared(amqp_url)
    await asyncio.to_thread(limit, servers, amqp_url, "ping", 50)
    async with publishing(amqp(amqp_url), deadline_s=4) as publisher:
        with pytest.raises(BrokerUnavailable, match="its queue is full"):
            await publisher.publish(pings(400))
    assert 50 <= await ready(amqp_url, "ping") < 400


async def test_a_full_queue_that_is_being_emptied_takes_everything_in_the_end(
    amqp_url: str, servers: tested.TestedServers
) -> None:
    await declared(amqp_url)
    await asyncio.to_thread(limit, servers, amqp_url, "ping", 50)
    handler = Remembers()
    process = runtime(amqp_url, MemoryParking())
    async with (
        running(process, process.single(Ping, handler.one)),
        publishing(amqp(amqp_url), deadline_s=120) as publisher,
    ):
        await publisher.publish(pings(1000))
        await until(lambda: len(set(handler.numbers)) == 1000, "all handled")


async def test_follow_ups_that_find_no_room_hold_their_message_back(
    amqp_url: str, servers: tested.TestedServers
) -> None:
    """Store, publish, acknowledge: what could not be published is not acknowledged, and no attempt is used up."""

    async def answered() -> bool:
        return await ready(amqp_url, "pong") >= 30

    await declared(amqp_url)
    await asyncio.to_thread(limit, servers, amqp_url, "pong", 5)
    async with publishing(amqp(amqp_url)) as publisher:
        await publisher.publish(pings(30))
    parking, handler = MemoryParking(), Remembers(reply=lambda ping: [Pong(number=ping.number)])
    process = runtime(amqp_url, parking)
    part = process.single(Ping, handler.one, concurrency=4)
    async with running(process, part):
        await until(lambda: not part.circuit.is_closed, "it rests", timeout_s=60)
        assert "its queue is full" in part.circuit.why
        await asyncio.to_thread(limit, servers, amqp_url, "pong", 500)
        await wait_until(answered, timeout_s=60, what="all are answered")
    assert set(handler.numbers) == set(range(30))
    assert not parking.messages


@pytest.mark.needs_control
async def test_publishers_wait_while_memory_is_short_and_workers_go_on_acknowledging(
    amqp_url: str, control: tested.Control
) -> None:
    """connection.blocked: RabbitMQ reads no connection that publishes; the one that consumes is another."""
    await declared(amqp_url)
    handler = Remembers()
    process = runtime(amqp_url, MemoryParking())
    async with (
        publishing(amqp(amqp_url), deadline_s=5) as hasty,
        publishing(amqp(amqp_url), deadline_s=60) as patient,
        running(process, process.single(Ping, handler.one)),
    ):
        await patient.publish(pings(100))
        await until(lambda: hasty.is_up, "both are connected")
        async with short_of_memory(control):
            with pytest.raises(BrokerUnavailable, match="while its memory or disk runs short"):
                await hasty.publish(pings(1))
            waiting = asyncio.create_task(patient.publish(pings(300)))
            await until(lambda: len(set(handler.numbers)) == 100, "what was there is handled")
            await asyncio.sleep(1)
            assert not waiting.done()
            assert await ready(amqp_url, "ping") == 0, "and acknowledged"
        await asyncio.wait_for(waiting, 60)
        await until(lambda: len(set(handler.numbers)) == 300, "the others are handled", timeout_s=60)


@asynccontextmanager
async def short_of_memory(control: tested.Control) -> AsyncIterator[None]:
    await asyncio.to_thread(control.ctl, "set_vm_memory_high_watermark", "0.00001")
    try:
        yield
    finally:
        await asyncio.to_thread(control.ctl, "set_vm_memory_high_watermark", "0.4")


@pytest.mark.parametrize("window", [None, Window(20, 0.02)], ids=["single", "windowed"])
async def test_a_slow_consumer_takes_no_more_than_it_can_hold(amqp_url: str, window: Window | None) -> None:
    """The rest waits in RabbitMQ, for whoever is faster."""
    await declared(amqp_url)
    async with publishing(amqp(amqp_url)) as publisher:
        await publisher.publish(pings(2000))
    let_go = asyncio.Event()

    async def slow(_: object) -> list[Ping]:
        await let_go.wait()
        return []

    process = runtime(amqp_url, MemoryParking())
    part = process.windowed(Ping, slow, window=window) if window else process.single(Ping, slow, concurrency=10)
    async with running(process, part):
        await until(lambda: part.consumer.unsettled >= part.runner.prefetch, "its hands are full")
        await asyncio.sleep(0.5)
        assert part.consumer.unsettled == part.runner.prefetch
        assert await ready(amqp_url, "ping") == 2000 - part.runner.prefetch
        let_go.set()
