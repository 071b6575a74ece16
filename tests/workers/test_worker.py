"""Single messages on a fake channel."""

import asyncio
from collections.abc import Sequence

from domain.errors import RelayUnavailable, Unroutable
from messages.base import Message
from messages.envelope import Envelope
from tests.waiting import LONGEST_S
from tests.workers.fake_process import FakeProcess
from tests.workers.ping import Ping, Pong, Remembers, ping_body
from workers.outgoing import ATTEMPT, Outgoing


async def test_each_message_is_handled_and_acknowledged_once() -> None:
    process, handler = FakeProcess(), Remembers()
    process.deliver(*map(ping_body, range(30)))
    await process.work(process.single(handler))
    assert sorted(handler.numbers) == list(range(30))
    assert process.channel.frames == 30


async def test_a_body_that_is_no_message_is_parked_and_never_handled() -> None:
    process, handler = FakeProcess(), Remembers()
    process.deliver(b"?", ping_body(1), b"{}")
    await process.work(process.single(handler))
    assert handler.numbers == [1]
    assert len(process.parking.messages) == 2
    assert process.channel.frames == 3


async def test_no_more_than_its_concurrency_is_handled_at_a_time() -> None:
    busy: list[int] = [0, 0]

    class Counting(Remembers):
        async def one(self, ping: Ping) -> Sequence[Message]:
            busy[0] += 1
            busy[1] = max(busy)
            await asyncio.sleep(0)
            busy[0] -= 1
            return ()

    process = FakeProcess()
    process.deliver(*map(ping_body, range(30)))
    await process.work(process.single(Counting(), concurrency=3))
    assert busy[1] == 3


async def test_follow_ups_carry_the_chain_on_and_repeat_under_the_same_ids() -> None:
    handler = Remembers(reply=lambda ping: [Pong(number=1), Pong(number=2)])
    process = FakeProcess()
    process.deliver(ping_body(1), ping_body(1))
    await process.work(process.single(handler))
    events = [Envelope.model_validate_json(message.body) for message in process.publisher.to("pong")]
    assert len({event.id for event in events}) == 2
    assert {(event.causationid, event.correlationid) for event in events} == {("ping-1", "ping-1")}


async def test_an_outage_beyond_patience_moves_the_message_without_counting_it() -> None:
    def away(ping: Ping) -> None:
        raise RelayUnavailable("connection refused")

    process = FakeProcess()
    process.deliver(ping_body(1))
    await process.work(process.single(Remembers(before=away)))
    (waiting,) = process.publisher.to("ping.wait.30s")
    assert waiting.headers[ATTEMPT] == 0


async def test_follow_ups_that_nobody_takes_park_the_message() -> None:
    def unroutable(message: Outgoing) -> None:
        if message.routing_key == "pong":
            raise Unroutable("no queue takes pong")

    process = FakeProcess()
    process.publisher.on_publish = unroutable
    process.deliver(ping_body(1))
    await process.work(process.single(Remembers(reply=lambda ping: [Pong(number=1)])))
    assert process.parking.only().reason == "unroutable"


async def test_a_stopping_worker_leaves_what_it_cannot_settle() -> None:
    def stopped_meanwhile(ping: Ping) -> None:
        process.stopping.set()
        raise RelayUnavailable("connection refused")

    process = FakeProcess()
    process.publisher.away = 1_000
    process.deliver(ping_body(1))
    worker = process.single(Remembers(before=stopped_meanwhile))
    running = asyncio.create_task(worker.run(process.inbox))
    await asyncio.wait_for(process.stopping.wait(), LONGEST_S)
    process.inbox.close()
    await asyncio.wait_for(running, LONGEST_S)
    assert process.channel.unacked == [1]
