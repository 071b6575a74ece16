"""A server that handling needs is away: the queue rests, and what waits in it takes no harm."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from domain.errors import RelayUnavailable
from messages.base import Message
from tests import servers as tested
from tests.integration.runtime_support import FAST, declared, delivered, ready, running, runtime, until
from tests.integration.stalling_proxy import stalling
from tests.integration.test_runtime_flow import publish
from tests.workers.memory_parking import MemoryParking
from tests.workers.ping import Ping, Remembers, pings
from workers.part import Consuming
from workers.runtime import Runtime
from workers.supervisor import Backoff
from workers.windowed import Window

#: Gives up at once: each failure opens the circuit.
AT_ONCE = replace(FAST, in_place_s=0)


@dataclass
class Relay:
    """Handles pings as long as it is there."""

    is_away: bool = True
    tries: int = 0
    handler: Remembers = field(default_factory=Remembers)

    def look(self, ping: Ping) -> None:
        self.tries += 1
        if self.is_away:
            raise RelayUnavailable("the relay is away")

    def __post_init__(self) -> None:
        self.handler.before = self.look


def single(process: Runtime, handler: Remembers) -> Consuming:
    return process.single(Ping, handler.one, concurrency=4)


def windowed(process: Runtime, handler: Remembers) -> Consuming:
    return process.windowed(Ping, handler.window, window=Window(20, 0.02))


Kind = Callable[[Runtime, Remembers], Consuming]
BOTH = pytest.mark.parametrize("kind", [single, windowed])


@BOTH
async def test_a_queue_rests_while_a_server_is_away_and_says_so(amqp_url: str, kind: Kind) -> None:
    await declared(amqp_url)
    await publish(amqp_url, *pings(300))
    relay, parking = Relay(), MemoryParking()
    process = runtime(amqp_url, parking, rests=Backoff(0.5, 0.5))
    opened = process.metrics.circuit_open.labels("ping")._value.get
    async with running(process, kind(process, relay.handler)):
        await until(lambda: opened() == 1, "the circuit opens")
        await until(lambda: "ping rests: the relay is away" in process.not_ready(), "it says so")
        before = len(relay.handler.windows)
        await asyncio.sleep(3)
        assert set(relay.handler.windows[before:]) <= {1}, "a probe is one message"
        in_hand = 20 if kind is windowed else 4
        assert await ready(amqp_url, "ping") >= 300 - 2 * in_hand, "the others stayed where they were"
        relay.is_away = False
        await until(lambda: len(set(relay.handler.numbers)) == 300, "all handled once it is back")
        await until(lambda: not process.not_ready(), "ready again")
        assert opened() == 0
    assert not parking.messages
    assert len(relay.handler.numbers) == 300


@BOTH
async def test_an_outage_of_any_length_brings_nothing_to_the_dead_letters(amqp_url: str, kind: Kind) -> None:
    """Taken and given back 51 times a message would be taken for one that crashes its workers."""
    await declared(amqp_url)
    await publish(amqp_url, *pings(60))
    relay, parking = Relay(), MemoryParking()
    process = runtime(amqp_url, parking, retry=AT_ONCE, rests=Backoff(0, 0))
    async with running(process, kind(process, relay.handler)):
        opened = process.metrics.generations.labels("ping")._value.get
        await until(lambda: opened() >= 150, "many probes", timeout_s=60)
        assert max(await delivered(amqp_url, "ping")) <= 3
        relay.is_away = False
        await until(lambda: len(set(relay.handler.numbers)) == 60, "all handled")
    assert await ready(amqp_url, "ping.dead") == 0
    assert not parking.messages


async def test_another_queue_of_the_process_goes_on(amqp_url: str) -> None:
    await declared(amqp_url)
    relay, other = Relay(), Remembers()
    process = runtime(amqp_url, MemoryParking(), retry=AT_ONCE, rests=Backoff(60, 60))
    parts = single(process, relay.handler), process.single(Ping, other.one, queue="pong")
    async with running(process, *parts):
        await publish(amqp_url, *pings(1))
        await until(lambda: bool(process.not_ready()) and parts[1].is_ready, "one rests")
        await publish(amqp_url, *[replace(ping, routing_key="pong") for ping in pings(20)])
        await until(lambda: len(other.numbers) == 20, "the other works")


async def test_a_worker_that_rests_stops_when_it_is_told(amqp_url: str) -> None:
    await declared(amqp_url)
    await publish(amqp_url, *pings(50))
    process = runtime(amqp_url, MemoryParking(), retry=AT_ONCE, rests=Backoff(60, 60))
    part = single(process, Relay().handler)
    async with running(process, part):
        await until(lambda: not part.circuit.is_closed and not part.consumer.is_consuming, "it rests")
    assert sum([await ready(amqp_url, name) for name in ("ping", "ping.wait.500ms")]) == 50


@BOTH
async def test_a_network_that_falls_silent_is_noticed_and_left(amqp_url: str, kind: Kind) -> None:
    await declared(amqp_url)
    handler, parking = Remembers(), MemoryParking()
    async with stalling(amqp_url) as (proxy, through):
        process = runtime(through, parking, heartbeat_s=1)
        async with running(process, kind(process, handler)):
            await publish(amqp_url, *pings(100))
            await until(lambda: len(handler.numbers) == 100, "the first handled")
            proxy.stall()
            await publish(amqp_url, *pings(200))
            await until(lambda: bool(process.not_ready()), "it is noticed", timeout_s=60)
            proxy.flow()
            await until(lambda: len(set(handler.numbers)) == 200, "the others handled", timeout_s=60)
    assert not parking.messages


@BOTH
async def test_a_channel_that_the_broker_closes_is_opened_again(amqp_url: str, kind: Kind) -> None:
    """PRECONDITION_FAILED, as for an acknowledgement that came after RabbitMQ's time-out."""
    await declared(amqp_url)
    handler = Remembers()
    process = runtime(amqp_url, MemoryParking())
    part = kind(process, handler)
    async with running(process, part):
        for share in (100, 200):
            await publish(amqp_url, *pings(share))
            await until(partial(handled, handler, share), "handled")
            current = part.consumer._channel.current_or_none()
            assert current is not None
            await current[0].channel.basic_ack(delivery_tag=1_000_000)
            await until(partial(lambda life: not life.alive, current[1]), "closed")
            assert "PRECONDITION_FAILED" in current[1].why
        await publish(amqp_url, *pings(300))
        await until(lambda: len(set(handler.numbers)) == 300, "consumed again")


@pytest.mark.needs_control
async def test_an_acknowledgement_time_out_costs_a_redelivery_and_no_message(
    amqp_url: str, control: tested.Control
) -> None:
    """RabbitMQ takes back what is held for too long; the late acknowledgement is dropped, the worker goes on."""
    await declared(amqp_url)
    control.ctl("eval", "application:set_env(rabbit, consumer_timeout, 1000).")
    control.ctl("eval", "application:set_env(rabbit, channel_tick_interval, 500).")
    let_go = asyncio.Event()
    handler = Remembers()

    async def slow(ping: Ping) -> Sequence[Message]:
        await handler.one(ping)
        await let_go.wait()
        return ()

    process = runtime(amqp_url, MemoryParking())
    part = process.single(Ping, slow, concurrency=2)
    try:
        async with running(process, part):
            await publish(amqp_url, *pings(1))
            await until(lambda: handler.numbers[:2] == [0, 0], "delivered again", timeout_s=60)
            let_go.set()
            await publish(amqp_url, *pings(10))
            await until(lambda: set(handler.numbers) == set(range(10)), "the others are handled")
        assert await ready(amqp_url, "ping") == 0
    finally:
        control.ctl("eval", "application:set_env(rabbit, consumer_timeout, 1800000).")
        control.ctl("eval", "application:set_env(rabbit, channel_tick_interval, 60000).")


def handled(handler: Remembers, count: int) -> bool:
    return len(set(handler.numbers)) >= count
