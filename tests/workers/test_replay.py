"""Replaying parked messages: nothing lost, nothing doubled beyond the same id, and it can be interrupted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.errors import Unroutable
from domain.parked import ParkedMessage, Which
from messages.envelope import MAX_BODY_BYTES
from tests.builders import a_parked_message, later
from tests.fakes.parked import MemoryParked
from tests.workers.fake_channel import MemoryPublisher
from workers.outgoing import ATTEMPT, ERROR, FIRST_ERROR, FIRST_SEEN, MSG_ID, REPLAY, Outgoing
from workers.replay import Replay, again


def many(count: int) -> list[ParkedMessage]:
    return [a_parked_message(f"m{number:04}", parked_at=later(number)) for number in range(count)]


def test_a_replay_is_the_message_as_it_came_with_its_id_and_a_new_story() -> None:
    told = {"theirs": 7, MSG_ID: "m1", ATTEMPT: 9, ERROR: "e", FIRST_ERROR: "f", FIRST_SEEN: "2020-01-01T00:00:00Z"}
    message = again(a_parked_message(headers=told, replayed=1, body=b"{1}"))
    assert message == Outgoing("", "record-changed", b"{1}", {"theirs": 7, MSG_ID: "m1", REPLAY: 2}, "application/json")


def test_a_message_that_came_without_an_id_gets_the_one_it_was_parked_under() -> None:
    assert again(a_parked_message(headers={})).headers[MSG_ID] == "m1"


async def test_what_is_meant_goes_back_and_off_the_list_the_rest_stays() -> None:
    parked, publisher, told = MemoryParked(*many(10)), MemoryPublisher(), list[int]()
    replay = Replay(parked, publisher, batch=3)
    assert await replay(Which(before=later(7)), 99, told.append) == 7
    assert [message.headers[MSG_ID] for message in publisher.published] == [f"m{n:04}" for n in range(7)]
    assert sorted(parked.stored) == ["m0007", "m0008", "m0009"]
    assert told == [3, 6, 7]


async def test_a_repeated_replay_changes_nothing() -> None:
    parked, publisher = MemoryParked(*many(3)), MemoryPublisher()
    await Replay(parked, publisher)(Which(), 3)
    assert await Replay(parked, publisher)(Which(), 3) == 0
    assert len(publisher.published) == 3


async def test_no_more_are_replayed_than_there_were_however_fast_they_are_parked_again() -> None:
    parked = MemoryParked(*many(5))

    class FailsAtOnce(MemoryPublisher):
        async def publish(self, messages: Any) -> None:
            await super().publish(messages)
            number = len(self.published)
            await parked.park(a_parked_message(str(messages[0].headers[MSG_ID]), parked_at=later(100 + number)))

    publisher = FailsAtOnce()
    assert await Replay(parked, publisher, batch=2)(Which(), 5) == 5
    assert len({message.headers[MSG_ID] for message in publisher.published}) == 5
    assert [each.times for each in parked.stored.values()] == [2] * 5


async def test_two_operators_replay_each_message_once() -> None:
    parked, publisher = MemoryParked(*many(100)), MemoryPublisher()
    counts = await asyncio.gather(*(Replay(parked, publisher, batch=7)(Which(), 100) for _ in range(2)))
    assert sum(counts) == 100
    assert len({message.headers[MSG_ID] for message in publisher.published}) == len(publisher.published) == 100


async def test_a_crash_between_publishing_and_the_list_repeats_a_message_under_its_id() -> None:
    parked, publisher = MemoryParked(*many(2)), MemoryPublisher()

    async def crashes(*_: object) -> int:
        raise SystemExit(9)

    kept = parked.replayed
    parked.replayed = crashes  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        await Replay(parked, publisher)._batch(Which(), 2)
    parked.replayed = kept  # type: ignore[method-assign]
    parked.pass_time(1000)
    assert await Replay(parked, publisher)(Which(), 2) == 2
    assert [message.headers[MSG_ID] for message in publisher.published] == ["m0000", "m0001"] * 2
    assert not parked.stored


async def test_what_is_under_way_when_it_is_interrupted_is_finished_and_the_rest_stays_free() -> None:
    parked, told, begun = MemoryParked(*many(20)), list[int](), asyncio.Event()

    class Slow(MemoryPublisher):
        async def publish(self, messages: Any) -> None:
            begun.set()
            await asyncio.sleep(0)
            await super().publish(messages)

    publisher = Slow()
    replaying = asyncio.create_task(Replay(parked, publisher, batch=5)(Which(), 20, told.append))
    await begun.wait()
    replaying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await replaying
    assert len(publisher.published) == 5
    assert told == [5]
    assert len(parked.stored) == 15
    assert await Replay(parked, publisher)(Which(), 20) == 15


async def test_what_was_confirmed_before_an_error_is_off_the_list_and_the_rest_is_given_back() -> None:
    def no_such_queue(message: Outgoing) -> None:
        if message.headers[MSG_ID] == "m0001":
            raise Unroutable("no queue takes record-changed: run `campaigns init`")

    parked, publisher = MemoryParked(*many(3)), MemoryPublisher(on_publish=no_such_queue)
    with pytest.raises(Unroutable, match="campaigns init"):
        await Replay(parked, publisher)(Which(), 3)
    assert list(parked.stored) == ["m0001"]
    assert parked.held == {}


async def test_a_body_over_the_limit_is_left_it_would_be_parked_again_unread() -> None:
    large = a_parked_message("large", body=b"x", body_bytes=MAX_BODY_BYTES + 1)
    parked, publisher = MemoryParked(large, *many(2)), MemoryPublisher()
    assert await Replay(parked, publisher)(Which(), 3) == 2
    assert list(parked.stored) == ["large"]


@pytest.mark.parametrize("theirs", ["x" * 200_000, b"\xff", "\ud800"], ids=["too-long", "bytes", "half-a-pair"])
async def test_headers_that_cannot_be_sent_are_left_and_stop_nothing(theirs: object) -> None:
    wide = a_parked_message("m", headers={"theirs": theirs}, parked_at=later(-1))
    parked, publisher = MemoryParked(wide, *many(2)), MemoryPublisher()
    assert await Replay(parked, publisher, batch=1)(Which(), 3) == 2
    assert list(parked.stored) == ["m"]
