"""What RabbitMQ gave up goes to the parked messages."""

import asyncio

from tests.waiting import LONGEST_S
from tests.workers.fake_channel import FakeChannel
from tests.workers.fake_process import FakeProcess
from tests.workers.ping import ping_body
from workers.parker import Parker


def a_process() -> FakeProcess:
    return FakeProcess(channel=FakeChannel(queue="ping.dead"))


async def test_it_is_parked_for_the_queue_it_came_to_and_acknowledged() -> None:
    process = a_process()
    process.deliver(ping_body(1), ping_body(2))
    await process.work(Parker("ping", process.settlement))
    assert not process.channel.unacked
    assert {(one.queue, one.reason, one.message_id) for one in process.parking.messages.values()} == {
        ("ping", "delivery_limit", "ping-1"),
        ("ping", "delivery_limit", "ping-2"),
    }


async def test_it_is_held_until_it_is_parked() -> None:
    process = a_process()
    process.parking.away = 5
    process.deliver(b"?")
    await process.work(Parker("ping", process.settlement))
    assert not process.channel.unacked
    assert process.parking.only().body == b"?"


async def test_what_cannot_be_parked_before_the_process_stops_is_left() -> None:
    process = a_process()
    process.parking.away = 1_000_000
    process.stopping.set()
    process.deliver(b"?")
    running = asyncio.create_task(Parker("ping", process.settlement).run(process.inbox))
    await asyncio.sleep(0)
    process.inbox.close()
    await asyncio.wait_for(running, LONGEST_S)
    assert process.channel.unacked == [1]
