"""What travels with a retry, what is written down of a parked message, and in which order things happen."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import field_validator

from domain.errors import InvalidDefinition, Permanent, StoreUnavailable, Transient, Unroutable
from messages.envelope import MAX_BODY_BYTES, Envelope, envelope, pack
from tests.workers.fake_process import FakeProcess
from tests.workers.ping import AT, Ping, ping_body
from workers.outgoing import ATTEMPT, ERROR, FIRST_ERROR, FIRST_SEEN, MSG_ID, QUEUE, REPLAY, Outgoing
from workers.settlement import EARLY_BYTES, Unsettled, read_early


async def test_a_retry_carries_its_story_and_the_headers_it_came_with() -> None:
    process = FakeProcess()
    before = {"x-theirs": 1, MSG_ID: "m-1", ATTEMPT: 1, FIRST_ERROR: "first", FIRST_SEEN: "2026-01-01T00:00:00+00:00"}
    await process.settlement.fail(process.channel.deliver(b"body", before), Transient("second"))
    (retry,) = process.publisher.to("ping.wait.30s")
    assert retry.body == b"body"
    assert retry.headers == before | {ATTEMPT: 2, ERROR: "second", QUEUE: "ping"}


async def test_the_first_error_and_the_first_time_begin_the_story() -> None:
    process = FakeProcess()
    await process.settlement.fail(process.channel.deliver(b"body"), Transient("throttled"))
    (retry,) = process.publisher.to("ping.wait.5s")
    assert (retry.headers[FIRST_ERROR], retry.headers[FIRST_SEEN]) == ("throttled", AT.isoformat())


async def test_what_is_settled_is_counted() -> None:
    process = FakeProcess()
    count = process.metrics.registry.get_sample_value
    for error in (Transient("x"), InvalidDefinition("x")):
        await process.settlement.fail(process.channel.deliver(b"body"), error)
    await process.settlement.done(process.channel.deliver(b"body"))
    assert count("campaigns_retries_total", {"queue": "ping", "delay_s": "5"}) == 1
    assert count("campaigns_parked_total", {"queue": "ping", "reason": "invalid_definition"}) == 1
    outcomes = ("retried", "parked", "done")
    assert [count("campaigns_messages_total", {"queue": "ping", "outcome": one}) for one in outcomes] == [1, 1, 1]
    assert process.channel.generation.unsettled == 0


async def test_a_message_without_an_id_gets_one_that_a_redelivery_would_get_too() -> None:
    process = FakeProcess()
    for _ in range(2):
        await process.settlement.fail(process.channel.deliver(b"body"), Transient("x"))
    first, second = process.publisher.published
    assert first.headers[MSG_ID] == second.headers[MSG_ID]


@pytest.mark.parametrize("body", [b'{"id":"\\ud800"}', b'{"id":"a\\u0000b"}', b'{"id":""}', b'{"id":7}'], ids=str)
async def test_an_id_that_nothing_can_store_is_none(body: bytes) -> None:
    """Half a surrogate pair: MongoDB refused the parked message, and its queue stood still for ever."""
    process = FakeProcess()
    assert await process.settlement.parse(process.channel.deliver(body), Ping) is None
    assert re.fullmatch("[0-9a-f]{32}", process.parking.only().message_id)


@pytest.mark.parametrize("forged", [-1, "2", None, 10**9, 1.5, [1]])
async def test_a_forged_attempt_counts_as_none(forged: object) -> None:
    process = FakeProcess()
    await process.settlement.fail(process.channel.deliver(b"body", {ATTEMPT: forged}), Transient("x"))
    (retry,) = process.publisher.to("ping.wait.5s")
    assert retry.headers[ATTEMPT] == 1


@pytest.mark.parametrize(
    "forged",
    ["soon", "2026-01-01T00:00:00", "2999-01-01T00:00:00+00:00", "0001-01-01T00:00:00+23:59", 7],
)
async def test_a_forged_first_sight_is_now(forged: object) -> None:
    process = FakeProcess()
    await process.settlement.fail(process.channel.deliver(b"body", {FIRST_SEEN: forged}), InvalidDefinition("x"))
    assert process.parking.only().first_seen == AT


async def test_a_message_that_was_first_seen_too_long_ago_is_parked() -> None:
    process = FakeProcess()
    long_ago = {FIRST_SEEN: "2025-01-01T00:00:00+00:00", ATTEMPT: 2}
    await process.settlement.fail(process.channel.deliver(b"body", long_ago), Transient("throttled"))
    parked = process.parking.only()
    assert (parked.reason, parked.attempts, parked.error) == ("too_old", 3, "throttled")


async def test_headers_that_leave_no_room_for_ours_are_parked() -> None:
    """Published again with our own beside them they would not fit into a frame: the broker ends such a connection."""
    process = FakeProcess()
    await process.settlement.fail(
        process.channel.deliver(b"body", {FIRST_ERROR: "x" * 120_000}), Transient("throttled")
    )
    assert (process.parking.only().reason, process.publisher.to("ping.wait.5s")) == ("invalid_message", [])
    assert not process.channel.unacked


async def test_headers_that_cannot_be_sent_on_are_parked_with_the_message() -> None:
    process = FakeProcess()
    await process.settlement.fail(process.channel.deliver(b"body", {"theirs": b"\xff"}), Transient("throttled"))
    parked = process.parking.only()
    assert (parked.reason, parked.error) == (
        "invalid_message",
        "headers: some are no text, and cannot be sent on with a retry",
    )
    assert not process.channel.unacked


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"content_type": "text/xml"}, "content type: 'text/xml' is not read; send application/cloudevents+json"),
        ({"content_type": "application/cloudevents-batch+json"}, "content type"),
        ({"content_type": "application/json", "content_encoding": "gzip"}, "content encoding: 'gzip' is not read"),
    ],
)
async def test_a_body_that_says_it_is_something_else_is_parked(properties: dict[str, str], says: str) -> None:
    process = FakeProcess()
    assert await process.settlement.parse(process.channel.deliver(ping_body(1), **properties), Ping) is None
    assert says in process.parking.only().error


@pytest.mark.parametrize("content_type", ["", "application/json; charset=utf-8", "Application/CloudEvents+JSON"])
async def test_publishers_may_call_it_json_or_say_nothing(content_type: str) -> None:
    process = FakeProcess()
    assert await process.settlement.parse(process.channel.deliver(ping_body(1), content_type=content_type), Ping)


@pytest.mark.parametrize(
    ("ahead", "accepted"), [(timedelta(hours=23), True), (timedelta(hours=25), False), (timedelta(days=400_000), False)]
)
async def test_what_comes_from_the_future_is_parked(ahead: timedelta, accepted: bool) -> None:
    """A clock that is a little ahead is a clock; a year ahead it would be the newest news for a year."""
    body = pack(envelope(Ping(number=1), id="1", time=AT + ahead))
    process = FakeProcess()
    assert bool(await process.settlement.parse(process.channel.deliver(body), Ping)) is accepted
    assert accepted or "time: lies more than a day in the future" in process.parking.only().error


async def test_what_is_given_back_is_no_failure() -> None:
    process = FakeProcess()
    await process.settlement.give_back(process.channel.deliver(b"body"))
    assert (process.channel.given_back, process.channel.generation.unsettled) == ([1], 0)
    assert not process.publisher.published
    assert not process.parking.messages


async def test_a_parked_message_is_whole_and_says_why() -> None:
    process = FakeProcess()
    headers = {MSG_ID: "m-1", ATTEMPT: 4, FIRST_SEEN: "2026-01-01T00:00:00+00:00"}
    await process.settlement.fail(process.channel.deliver(b"body", headers), InvalidDefinition("name: missing"))
    parked = process.parking.only()
    assert (parked.message_id, parked.queue, parked.reason, parked.error) == (
        "m-1",
        "ping",
        "invalid_definition",
        "name: missing",
    )
    assert (parked.attempts, parked.worker, parked.body) == (5, "host:1", b"body")
    assert parked.first_seen == datetime(2026, 1, 1, tzinfo=UTC)
    assert parked.headers == headers


async def test_messages_of_one_id_are_parked_side_by_side_and_each_of_them_once() -> None:
    """An id is unique within its source only: what another source called "1" must not replace it."""
    process = FakeProcess()
    for body in (b"ours", b"theirs", b"ours"):
        await process.settlement.fail(process.channel.deliver(body, {MSG_ID: "1"}), InvalidDefinition("x"))
    assert sorted(parked.body for parked in process.parking.messages.values()) == [b"ours", b"theirs"]
    assert {parked.message_id for parked in process.parking.messages.values()} == {"1"}


async def test_a_body_that_breaks_the_reader_is_settled_like_any_bug() -> None:
    """Otherwise it would end the process, again and again, and the messages around it be counted as crashed."""

    class Breaking(Ping):
        @field_validator("number")
        @classmethod
        def _broken(cls, number: int) -> int:
            raise KeyError(number)

    process = FakeProcess()
    assert await process.settlement.parse(process.channel.deliver(ping_body(1)), Breaking) is None
    assert len(process.publisher.to("ping.wait.5s")) == 1
    assert not process.channel.unacked


async def test_a_refusal_that_cannot_be_told_stays_parked_and_ends_nothing() -> None:
    def broken(message: Outgoing) -> None:
        raise KeyError("a bug")

    process = FakeProcess()
    process.publisher.on_publish = broken
    await process.settlement.fail(process.channel.deliver(b"body"), InvalidDefinition("x"))
    assert process.parking.only().body == b"body"
    assert not process.channel.unacked


async def test_a_channel_that_takes_no_acknowledgement_is_given_up() -> None:
    """Its delivery would stay unsettled, and with it the watchdog blind, for as long as the channel lives."""
    process = FakeProcess()
    delivery = process.channel.deliver(b"body")
    process.channel.broken = True
    await process.settlement.done(delivery)
    assert not process.channel.generation.alive


async def test_the_text_of_a_foreign_error_is_kept_but_not_published_and_never_endless() -> None:
    process = FakeProcess()
    error = ValueError("ada@example.com " * 100_000)
    await process.settlement.fail(process.channel.deliver(b"body", {ATTEMPT: 9}), error)
    assert len(process.parking.only().error) < 10_000
    assert "ada@example.com" in process.parking.only().error
    (feed,) = process.publisher.to("message-refused")
    assert json.loads(feed.body)["data"]["error"] == "ValueError"


async def test_the_publisher_is_told_of_what_was_parked() -> None:
    process = FakeProcess()
    await process.settlement.fail(process.channel.deliver(b"body", {MSG_ID: "m-1"}), InvalidDefinition("no name"))
    (feed,) = process.publisher.to("message-refused")
    assert (feed.exchange, feed.mandatory) == ("campaigns.feed", False)
    assert json.loads(feed.body)["data"]["message_id"] == "m-1"


async def test_a_body_at_the_limit_is_read() -> None:
    process = FakeProcess()
    body = ping_body(1).ljust(MAX_BODY_BYTES)
    assert await process.settlement.parse(process.channel.deliver(body), Ping)


async def test_a_body_over_the_limit_is_parked_unread() -> None:
    process = FakeProcess()
    delivery = process.channel.deliver(b"[" * (MAX_BODY_BYTES + 1))
    assert await process.settlement.parse(delivery, Ping) is None
    assert "at most 1048576" in process.parking.only().error
    assert len(process.parking.only().body) == MAX_BODY_BYTES + 1


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b"null", b"[" * 100_000, b'{"a":' * 100_000, b"{}"])
async def test_any_bytes_are_parked_with_the_reason(body: bytes) -> None:
    process = FakeProcess()
    assert await process.settlement.parse(process.channel.deliver(body), Ping) is None
    assert process.parking.only().reason == "invalid_message"


async def test_an_error_that_is_not_ours_is_not_repeated_in_headers() -> None:
    """Its text may hold an address."""
    process = FakeProcess()
    await process.settlement.fail(process.channel.deliver(b"body"), ValueError("ada@example.com"))
    assert process.publisher.published[0].headers[ERROR] == "ValueError"


async def test_nothing_is_acknowledged_before_it_is_published_or_parked() -> None:
    process = FakeProcess()
    process.publisher.away = 3
    process.parking.away = 3
    for error in (Transient("x"), InvalidDefinition("x")):
        await process.settlement.fail(process.channel.deliver(ping_body(1)), error)
    assert not process.channel.unacked
    assert len(process.publisher.to("ping.wait.5s")) == 1
    assert process.parking.messages


async def test_a_bug_in_the_store_does_not_cost_the_message() -> None:
    process = FakeProcess()
    kept = process.parking.park
    outcomes: list[Exception] = [KeyError("a bug"), Permanent("refused")]

    async def park(message: object) -> None:
        if outcomes:
            raise outcomes.pop()
        await kept(message)  # type: ignore[arg-type]

    process.parking.park = park  # type: ignore[method-assign]
    await process.settlement.fail(process.channel.deliver(b"body"), InvalidDefinition("x"))
    assert process.parking.messages


async def test_a_message_whose_wait_queue_is_missing_is_parked() -> None:
    def unroutable(message: Outgoing) -> None:
        if message.routing_key.startswith("ping.wait"):
            raise Unroutable("no queue takes it: run `campaigns init`")

    process = FakeProcess()
    process.publisher.on_publish = unroutable
    await process.settlement.fail(process.channel.deliver(b"body"), Transient("x"))
    assert process.parking.only().reason == "unroutable"


async def test_a_message_that_cannot_be_sent_on_is_parked() -> None:
    def unsendable(message: Outgoing) -> None:
        if message.routing_key.startswith("ping.wait"):
            raise TypeError("a header of no AMQP type")

    process = FakeProcess()
    process.publisher.on_publish = unsendable
    await process.settlement.fail(process.channel.deliver(b"body", {MSG_ID: "m" * 200}), Transient("x"))
    assert process.parking.only().reason == "unexpected_error"


async def test_a_dead_channel_ends_the_waiting() -> None:
    process = FakeProcess()
    delivery = process.channel.deliver(b"body")
    process.parking.away = 1_000
    asyncio.get_running_loop().call_soon(process.channel.generation.end, "connection closed")
    with pytest.raises(Unsettled) as left:
        await process.settlement.fail(delivery, InvalidDefinition("x"))
    assert isinstance(left.value.__cause__, StoreUnavailable)
    assert process.channel.unacked == [1]


@pytest.mark.parametrize("error", [Transient("throttled"), InvalidDefinition("x")])
async def test_what_fails_after_its_channel_died_is_left_to_the_redelivery(error: Exception) -> None:
    """Retried as well there would be two of it, and after each such failure twice as many."""
    process = FakeProcess()
    delivery = process.channel.deliver(b"body")
    process.channel.generation.end("connection closed")
    with pytest.raises(Unsettled):
        await process.settlement.fail(delivery, error)
    assert not process.publisher.published
    assert not process.parking.messages


async def test_the_same_message_under_new_ids_is_parked_once_and_told_to_each_publisher() -> None:
    """A scheduler offers a batch again and again, each time under a new id; a bug would fill the list with it."""
    process = FakeProcess()
    for number in range(3):
        body = pack(envelope(Ping(number=7), id=f"offer-{number}", time=AT))
        await process.settlement.fail(process.channel.deliver(body), InvalidDefinition("x"))
    assert process.parking.only().message_id == "offer-2"
    told = [json.loads(feed.body) for feed in process.publisher.to("message-refused")]
    assert {each["data"]["message_id"] for each in told} == {"offer-0", "offer-1", "offer-2"}
    assert len({each["id"] for each in told}) == 3


async def test_what_cannot_be_read_does_not_take_the_place_of_the_same_that_can() -> None:
    process = FakeProcess()
    good = pack(envelope(Ping(number=7), id="1", time=AT))
    await process.settlement.fail(process.channel.deliver(good), InvalidDefinition("x"))
    await process.settlement.parse(process.channel.deliver(good, content_type="text/xml"), Ping)
    assert {each.content_type for each in process.parking.messages.values()} == {
        "application/cloudevents+json", "text/xml",
    }  # fmt: skip


@pytest.mark.parametrize(("header", "replayed"), [({}, 0), ({REPLAY: 2}, 2), ({REPLAY: "x"}, 0), ({REPLAY: -1}, 0)])
async def test_a_message_that_is_parked_again_says_how_often_it_was_replayed(
    header: dict[str, object], replayed: int
) -> None:
    process = FakeProcess()
    await process.settlement.fail(process.channel.deliver(ping_body(1), header), InvalidDefinition("x"))
    parked = process.parking.only()
    assert (parked.replayed, parked.type, parked.body_bytes) == (replayed, "ping", len(ping_body(1)))


async def test_the_count_of_replays_survives_the_wait_queues() -> None:
    process = FakeProcess()
    await process.settlement.fail(process.channel.deliver(ping_body(1), {REPLAY: 2}), Transient("x"))
    assert process.publisher.published[0].headers[REPLAY] == 2


def early(body: bytes, **properties: str) -> tuple[Envelope, Ping] | None:
    """What is read of a message as it comes."""
    return read_early(FakeProcess().channel.deliver(body, **properties).incoming, Ping)


async def test_what_was_read_as_it_came_is_not_read_again() -> None:
    process = FakeProcess()
    delivery = replace(process.channel.deliver(ping_body(1)), early=early(ping_body(2)))
    received = await process.settlement.parse(delivery, Ping)
    assert received is not None
    assert (received.message.number, received.envelope.id) == (2, json.loads(ping_body(2))["id"])


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        (b"{}", {}),
        (b"[" * 10_000, {}),
        (ping_body(1), {"content_type": "image/png"}),
        (ping_body(1), {"content_encoding": "gzip"}),
        (ping_body(1).ljust(EARLY_BYTES + 1), {}),
    ],
)
def test_what_is_bad_or_large_waits_for_its_turn(body: bytes, properties: dict[str, str]) -> None:
    assert early(body, **properties) is None


async def test_what_was_read_as_it_came_may_be_from_the_future_all_the_same() -> None:
    process = FakeProcess()
    body = json.dumps(json.loads(ping_body(1)) | {"time": (AT + timedelta(days=2)).isoformat()}).encode()
    assert await process.settlement.parse(replace(process.channel.deliver(body), early=early(body)), Ping) is None
    assert "in the future" in process.parking.only().error
