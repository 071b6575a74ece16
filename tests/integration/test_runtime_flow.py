"""Messages on a real broker: handled, retried, parked, refused."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import aiormq
import pytest

from domain.errors import BrokerUnavailable, RelayUnavailable, Transient, UnknownCampaign, Unroutable
from tests.integration.runtime_support import amqp, declared, heard, ready, running, runtime, until
from tests.waiting import LONGEST_S
from tests.workers.memory_parking import MemoryParking
from tests.workers.ping import AT, Ping, Pong, Remembers, ping_body, pings
from workers.health import Health, Heart
from workers.outgoing import ATTEMPT, ERROR, MSG_ID, Outgoing, outgoing
from workers.part import Consuming
from workers.publisher import publishing
from workers.runtime import Runtime
from workers.windowed import Window

Kind = Callable[[Runtime, Remembers], Consuming]


def single(process: Runtime, handler: Remembers) -> Consuming:
    return process.single(Ping, handler.one)


def windowed(process: Runtime, handler: Remembers) -> Consuming:
    return process.windowed(Ping, handler.window, window=Window(20, 0.02))


BOTH = pytest.mark.parametrize("kind", [single, windowed])


@pytest.fixture
def parking() -> MemoryParking:
    return MemoryParking()


class _Microseconds(datetime):
    def timestamp(self) -> float:
        return super().timestamp() * 1_000_000


async def publish_raw(url: str, body: bytes, **properties: Any) -> None:
    connection = await aiormq.connect(url)
    channel = await connection.channel()
    await channel.basic_publish(body, routing_key="ping", properties=aiormq.spec.Basic.Properties(**properties))
    await connection.close()


async def asked(port: int, path: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body.strip()


async def publish(url: str, *messages: Outgoing, deadline_s: float = LONGEST_S) -> None:
    async with publishing(amqp(url), deadline_s=deadline_s) as publisher:
        await publisher.publish(messages)


def failing(number: int, error: Exception, times: int = 1_000) -> Callable[[Ping], None]:
    """Raises `error` for the ping of that number, the first `times` times."""
    left = [times]

    def before(ping: Ping) -> None:
        if ping.number == number and left[0]:
            left[0] -= 1
            raise error

    return before


@BOTH
async def test_what_is_published_is_handled_once_and_acknowledged(
    amqp_url: str, parking: MemoryParking, kind: Kind
) -> None:
    await declared(amqp_url)
    await publish(amqp_url, *pings(300))
    handler = Remembers()
    process = runtime(amqp_url, parking)
    async with running(process, kind(process, handler)):
        await until(lambda: len(handler.numbers) >= 300, "all handled")
    assert sorted(handler.numbers) == list(range(300))
    assert await ready(amqp_url, "ping") == 0
    assert not parking.messages


@BOTH
async def test_follow_ups_reach_their_queue(amqp_url: str, parking: MemoryParking, kind: Kind) -> None:
    await declared(amqp_url)
    await publish(amqp_url, *pings(50))
    handler = Remembers(reply=lambda ping: [Pong(number=ping.number)])
    process = runtime(amqp_url, parking)
    async with running(process, kind(process, handler)):
        await until(lambda: len(handler.numbers) >= 50, "all handled")
    assert await ready(amqp_url, "pong") == 50


async def test_what_no_queue_takes_is_an_error_not_a_loss(amqp_url: str) -> None:
    await declared(amqp_url, queues=("ping",))
    with pytest.raises(Unroutable, match=r"pong.*campaigns init"):
        await publish(amqp_url, *pings(20), outgoing(Pong(number=1), id="p", time=AT))


async def test_feed_messages_that_nobody_hears_are_counted_and_hold_back_nothing(
    amqp_url: str, parking: MemoryParking
) -> None:
    await declared(amqp_url)
    await publish(amqp_url, Outgoing("campaigns.in", "ping", b"?"))
    process = runtime(amqp_url, parking)
    async with running(process, single(process, Remembers())):
        await until(lambda: bool(process.metrics.unheard.labels("message-refused")._value.get()), "counted")
    assert parking.messages
    assert await ready(amqp_url, "ping") == 0


async def test_publishing_before_init_says_what_to_type(amqp_url: str) -> None:
    with pytest.raises(BrokerUnavailable, match=r"exchange campaigns\.in is missing: run `campaigns init`"):
        await publish(amqp_url, *pings(1), deadline_s=3)


@BOTH
async def test_a_body_that_is_no_message_is_parked_and_its_publisher_told(
    amqp_url: str, parking: MemoryParking, kind: Kind
) -> None:
    await declared(amqp_url)
    bad = Outgoing("campaigns.in", "ping", b'{"number": "x"}', {MSG_ID: "bad-1", "x-theirs": "kept"})
    handler = Remembers()
    process = runtime(amqp_url, parking)

    async def work() -> None:
        await publish(amqp_url, *pings(5), bad, *pings(5))
        async with running(process, kind(process, handler)):
            await until(lambda: len(handler.numbers) == 10 and bool(parking.messages), "the rest handled")

    (refused,) = [json.loads(body)["data"] for body in await heard(amqp_url, "message-refused", work)]
    parked = parking.only()
    assert (parked.message_id, parked.queue, parked.reason) == ("bad-1", "ping", "invalid_message")
    assert parked.body == bad.body
    assert parked.headers["x-theirs"] == "kept"
    assert "specversion: Field required" in parked.error
    assert (refused["message_id"], refused["reason"]) == ("bad-1", "invalid_message")
    assert await ready(amqp_url, "ping") == 0


@BOTH
async def test_a_transient_failure_comes_back_later_and_says_how_often(
    amqp_url: str, parking: MemoryParking, kind: Kind
) -> None:
    await declared(amqp_url)
    await publish(amqp_url, *pings(1))
    handler = Remembers(before=failing(0, Transient("throttled"), times=2))
    process = runtime(amqp_url, parking)
    async with running(process, kind(process, handler)):
        await until(lambda: handler.numbers == [0], "handled at the third try")
    assert not parking.messages
    assert process.metrics.retries.labels("ping", "0.2")._value.get() == 1
    assert process.metrics.retries.labels("ping", "0.5")._value.get() == 1


async def test_attempts_and_the_last_error_travel_with_the_message_until_it_is_parked(
    amqp_url: str, parking: MemoryParking
) -> None:
    await declared(amqp_url)
    await publish(amqp_url, *pings(1))
    process = runtime(amqp_url, parking)
    async with running(process, single(process, Remembers(before=failing(0, Transient("throttled"))))):
        await until(lambda: bool(parking.messages), "parked")
    parked = parking.only()
    assert (parked.message_id, parked.reason, parked.attempts) == ("ping-0", "attempts_spent", 3)
    assert (parked.headers[ATTEMPT], parked.headers[ERROR]) == (2, "throttled")
    assert parked.first_seen < parked.parked_at


@BOTH
async def test_a_permanent_failure_is_parked_and_holds_back_no_other(
    amqp_url: str, parking: MemoryParking, kind: Kind
) -> None:
    await declared(amqp_url)
    await publish(amqp_url, *pings(60))
    handler = Remembers(before=failing(31, UnknownCampaign("campaign c1 is not stored")))
    process = runtime(amqp_url, parking)
    async with running(process, kind(process, handler)):
        await until(lambda: len(handler.numbers) >= 59 and bool(parking.messages), "the rest handled")
    assert sorted(handler.numbers) == [number for number in range(60) if number != 31]
    assert (parking.only().message_id, parking.only().reason) == ("ping-31", "unknown_campaign")


@BOTH
async def test_an_unforeseen_error_is_tried_again_then_parked_with_its_place(
    amqp_url: str, parking: MemoryParking, kind: Kind
) -> None:
    await declared(amqp_url)
    await publish(amqp_url, *pings(10))
    handler = Remembers(before=failing(4, ValueError("a bug")))
    process = runtime(amqp_url, parking)
    async with running(process, kind(process, handler)):
        await until(lambda: len(handler.numbers) >= 9 and bool(parking.messages), "the rest handled")
    assert parking.only().reason == "unexpected_error"
    assert "in before" in parking.only().error


@BOTH
async def test_a_dependency_that_is_away_uses_up_no_attempts(amqp_url: str, parking: MemoryParking, kind: Kind) -> None:
    """Fifteen failures, where three attempts are allowed: some in place, then by way of the wait queue."""
    await declared(amqp_url)
    await publish(amqp_url, *pings(1))
    handler = Remembers(before=failing(0, RelayUnavailable("connection refused"), times=15))
    process = runtime(amqp_url, parking)
    async with running(process, kind(process, handler)):
        await until(lambda: handler.numbers == [0], "handled in the end")
    assert not parking.messages


async def test_a_message_is_held_while_the_parking_store_is_away(amqp_url: str) -> None:
    await declared(amqp_url)
    parking = MemoryParking(away=5)
    await publish(amqp_url, Outgoing("campaigns.in", "ping", b"?"))
    process = runtime(amqp_url, parking)
    async with running(process, single(process, Remembers())):
        await until(lambda: bool(parking.messages), "parked in the end")
    assert await ready(amqp_url, "ping") == 0


async def test_properties_that_nobody_can_read_stop_nothing(amqp_url: str, parking: MemoryParking) -> None:
    """A timestamp in microseconds ended the connection, for every queue of the process, at each redelivery."""
    await declared(amqp_url)
    await publish_raw(amqp_url, ping_body(1), timestamp=_Microseconds(2026, 1, 1, tzinfo=UTC))
    await publish_raw(amqp_url, ping_body(2), headers={"at": _Microseconds(2026, 1, 1, tzinfo=UTC)})
    handler = Remembers(before=failing(2, Transient("throttled"), times=1))
    process = runtime(amqp_url, parking)
    async with running(process, single(process, handler)):
        await until(lambda: handler.numbers == [1, 2], "handled, the second one after a retry")


async def test_what_crashed_its_workers_too_often_is_parked(amqp_url: str, parking: MemoryParking) -> None:
    await declared(amqp_url)
    await publish(amqp_url, Outgoing("", "ping.dead", b"{}", {MSG_ID: "m-1"}))
    process = runtime(amqp_url, parking)
    async with running(process, process.parker("ping")):
        await until(lambda: bool(parking.messages), "parked")
    assert await ready(amqp_url, "ping.dead") == 0
    assert (parking.only().queue, parking.only().reason) == ("ping", "delivery_limit")


async def test_the_health_port_says_when_it_is_ready(amqp_url: str, parking: MemoryParking) -> None:
    process = runtime(amqp_url, parking)
    part = single(process, Remembers())
    server = Health(process.metrics, Heart(), process.not_ready).serve("127.0.0.1", 0)
    assert await asked(server.port, "/ready") == (503, "consuming connection is down; publishing channel is down")
    await declared(amqp_url)
    async with running(process, part):
        await until(lambda: part.is_ready and not process.not_ready(), "ready")
        assert await asked(server.port, "/ready") == (200, "ready")
        assert "campaigns_generations_total" in (await asked(server.port, "/metrics"))[1]
    server.close()


async def test_periodic_work_publishes_and_survives_its_failures(amqp_url: str, parking: MemoryParking) -> None:
    await declared(amqp_url)
    outcomes = iter([RelayUnavailable("away"), ValueError("a bug"), None])

    async def job() -> list[Ping]:
        with suppress(StopIteration):
            if error := next(outcomes):
                raise error
            return [Ping(number=7)]
        return []

    handler = Remembers()
    process = runtime(amqp_url, parking)
    async with running(process, process.periodic("job", job, 0.05), single(process, handler)):
        await until(lambda: handler.numbers == [7], "published at the third tick")
