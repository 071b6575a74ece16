"""Windows on a fake channel that applies RabbitMQ's rule."""

import asyncio
import random
from dataclasses import replace

import pytest

from domain.errors import InvalidDefinition, StoreUnavailable, Transient
from tests.waiting import LONGEST_S
from tests.workers.fake_channel import FakeChannel
from tests.workers.fake_process import PATIENT, QUICK, FakeProcess
from tests.workers.ping import Ping, Pong, Remembers, ping_body
from workers.inbox import Inbox
from workers.outgoing import ATTEMPT, MSG_ID
from workers.windowed import Window, collect

BAD = b'{"no": "event"}'


def poisoned(numbers: set[int], error: Exception) -> Remembers:
    def before(ping: Ping) -> None:
        if ping.number in numbers:
            raise error

    return Remembers(before=before)


async def test_a_window_is_one_handler_call_and_one_acknowledgement() -> None:
    process, handler = FakeProcess(), Remembers()
    process.deliver(*map(ping_body, range(200)))
    await process.work(process.windowed(handler))
    assert handler.windows == [50] * 4
    assert process.channel.frames == 4
    assert process.channel.generation.unsettled == 0


async def test_a_window_that_is_filling_when_the_worker_is_told_to_stop_is_finished_at_once() -> None:
    inbox, channel = Inbox(), FakeChannel()
    for number in range(3):
        inbox.put(channel.deliver(ping_body(number)))
    collecting = asyncio.create_task(collect(inbox, Window(50, max_wait_s=3600)))
    await asyncio.sleep(0)
    inbox.close()
    assert len(await asyncio.wait_for(collecting, LONGEST_S)) == 3
    assert await collect(inbox, Window(50, max_wait_s=3600)) == []


async def test_a_part_of_a_window_does_not_wait_for_ever() -> None:
    process, handler = FakeProcess(), Remembers()
    process.deliver(*map(ping_body, range(7)))
    await process.work(process.windowed(handler))
    assert handler.windows == [7]
    assert process.channel.frames == 1


@pytest.mark.parametrize("guilty", [{0}, {49}, {25}, {0, 49}, set(range(50)), {48, 49}], ids=str)
async def test_the_guilty_are_parked_and_nobody_else(guilty: set[int]) -> None:
    process = FakeProcess()
    handler = poisoned(guilty, InvalidDefinition("no"))
    process.deliver(*map(ping_body, range(50)))
    await process.work(process.windowed(handler))
    assert not process.channel.unacked
    assert sorted(handler.numbers) == [number for number in range(50) if number not in guilty]
    assert len(process.parking.messages) == len(guilty)


async def test_an_unforeseen_error_is_narrowed_down_and_tried_again_later() -> None:
    process, handler = FakeProcess(), poisoned({3}, ValueError("a bug"))
    process.deliver(*map(ping_body, range(50)))
    await process.work(process.windowed(handler))
    assert len(process.publisher.to("ping.wait.5s")) == 1
    assert len(handler.numbers) == 49


@pytest.mark.parametrize("bad", [{0}, {49}, {10, 49}, set(range(50))], ids=str)
async def test_bad_bodies_are_parked_wherever_they_stand(bad: set[int]) -> None:
    process, handler = FakeProcess(), Remembers()
    process.deliver(*[BAD + b" " * number if number in bad else ping_body(number) for number in range(50)])
    await process.work(process.windowed(handler))
    assert not process.channel.unacked
    assert len(handler.numbers) == 50 - len(bad)
    assert len(process.parking.messages) == len(bad)


async def test_a_transient_failure_uses_up_no_attempt_of_its_neighbours() -> None:
    """Otherwise a window of 200 would be parked for one that never succeeds."""
    process, handler = FakeProcess(), poisoned({3}, Transient("throttled"))
    process.deliver(*map(ping_body, range(50)))
    await process.work(process.windowed(handler))
    (waiting,) = process.publisher.to("ping.wait.5s")
    assert (waiting.headers[MSG_ID], waiting.headers[ATTEMPT]) == ("ping-3", 1)
    assert len(handler.numbers) == 49


async def test_an_outage_concerns_the_window_undivided_and_is_not_counted() -> None:
    process, handler = FakeProcess(policy=replace(QUICK, in_place_s=0)), poisoned({3}, StoreUnavailable("no primary"))
    process.deliver(*map(ping_body, range(50)))
    await process.work(process.windowed(handler))
    assert handler.windows == [50]
    assert [waiting.headers[ATTEMPT] for waiting in process.publisher.to("ping.wait.30s")] == [0] * 50


async def test_a_store_that_comes_back_costs_nothing_but_time() -> None:
    away = [StoreUnavailable("no primary")] * 3

    def before(ping: Ping) -> None:
        if away:
            raise away.pop()

    process, handler = FakeProcess(policy=PATIENT), Remembers(before=before)
    process.deliver(*map(ping_body, range(50)))
    await process.work(process.windowed(handler))
    assert handler.windows == [50] * 4
    assert process.channel.frames == 1
    assert not process.publisher.published


async def test_what_is_left_unsettled_is_not_acknowledged_by_a_later_window() -> None:
    """The store is away and the process stops: the bad body can neither be parked nor be forgotten."""
    process, handler = FakeProcess(), Remembers()
    process.parking.away = 1_000_000
    process.stopping.set()
    process.deliver(BAD, *map(ping_body, range(100)))
    await process.work(process.windowed(handler))
    assert process.channel.unacked == list(range(1, 102))
    assert not process.channel.generation.alive


async def test_deliveries_of_a_dead_channel_are_dropped_in_the_middle_of_a_window() -> None:
    process, handler = FakeProcess(), Remembers()
    process.deliver(*map(ping_body, range(10)))
    process.channel.generation.end("connection closed")
    process.channel = FakeChannel()
    process.deliver(*map(ping_body, range(20)))
    await process.work(process.windowed(handler))
    assert handler.numbers == list(range(20))


async def test_handled_but_no_longer_acknowledgeable_is_left_to_redelivery() -> None:
    process = FakeProcess()
    handler = Remembers(before=lambda ping: process.channel.generation.end("connection closed"))
    process.deliver(*map(ping_body, range(10)))
    await process.work(process.windowed(handler))
    assert process.channel.frames == 0
    assert len(process.channel.unacked) == 10


async def test_follow_ups_of_a_window_are_published_before_it_is_acknowledged() -> None:
    process, handler = FakeProcess(), Remembers(reply=lambda ping: [Pong(number=ping.number)])

    def nothing_acknowledged(_: object) -> None:
        assert process.channel.frames == 0

    process.publisher.on_publish = nothing_acknowledged
    process.deliver(*map(ping_body, range(20)))
    await process.work(process.windowed(handler))
    assert len(process.publisher.to("pong")) == 20
    assert not process.channel.unacked


async def test_any_mixture_is_settled_exactly() -> None:
    chance = random.Random(7)
    for _ in range(15):
        count = chance.randint(1, 60)
        guilty = {number for number in range(count) if chance.random() < 0.1}
        bad = {number for number in range(count) if chance.random() < 0.1}
        process, handler = FakeProcess(), poisoned(guilty, InvalidDefinition("no"))
        process.deliver(*[BAD + b" " * number if number in bad else ping_body(number) for number in range(count)])
        await process.work(process.windowed(handler, size=chance.choice([1, 7, 50]), wait_s=0.001))
        assert not process.channel.unacked
        assert len(handler.numbers) == count - len(guilty | bad)


async def test_collecting_loses_nothing_when_arrivals_race_with_the_time_out() -> None:
    inbox, channel = Inbox(), FakeChannel()
    found: list[bytes] = []

    async def arrive() -> None:
        for number in range(3000):
            inbox.put(channel.deliver(str(number).encode()))
            if number % 3 == 0:
                await asyncio.sleep(0)
            if number % 500 == 0:
                await asyncio.sleep(0.0021)

    arriving = asyncio.create_task(arrive())
    while len(found) < 3000:
        found += [delivery.body for delivery in await collect(inbox, Window(17, 0.0005))]
    await arriving
    assert found == [str(number).encode() for number in range(3000)]
