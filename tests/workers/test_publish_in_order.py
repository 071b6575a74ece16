"""A stream is published in order, many at once; what is refused comes again before what is behind it."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aio_pika.abc import AbstractChannel

from domain.errors import BrokerUnavailable
from workers.link import Connection, Link
from workers.outgoing import Outgoing
from workers.publish_lane import Answer
from workers.publisher import Publisher, _let_go
from workers.supervisor import Backoff

MANY = [Outgoing("campaigns.feed", str(number), b"", mandatory=False) for number in range(1, 101)]


class Up:
    is_up = True


class Scripted(Publisher):
    """Hears what `answer` says of each message, which knows how often that was published before."""

    def __init__(self, answer: Callable[[int, int], Answer], deadline_s: float = 30) -> None:
        super().__init__(cast("Link", Up()), deadline_s=deadline_s, backoff=Backoff())
        self.answer = answer
        self.windows: list[list[int]] = []

    async def _hear(self, messages: Sequence[Outgoing], answers: list[Answer]) -> None:
        numbers = [int(message.routing_key) for message in messages]
        before = [number for window in self.windows for number in window]
        self.windows.append(numbers)
        answers += [self.answer(number, before.count(number)) for number in numbers]

    @property
    def taken(self) -> int:
        """How far somebody gets who leaves out what is ahead of its number."""
        last = 0
        for window in self.windows:
            for number in window:
                last += number == last + 1
        return last


async def unheeded(count: int) -> None:
    pass


async def test_all_of_them_in_ever_larger_windows() -> None:
    publisher = Scripted(lambda number, times: Answer.CONFIRMED)
    assert await publisher.publish_in_order(MANY, unheeded) == 100
    assert [len(window) for window in publisher.windows] == [1, 4, 16, 64, 15]
    assert [number for window in publisher.windows for number in window] == list(range(1, 101))


async def test_what_was_lost_comes_again_alone_and_then_all_that_are_behind_it() -> None:
    publisher = Scripted(lambda number, times: Answer.LOST if number == 8 and times == 0 else Answer.CONFIRMED)
    await publisher.publish_in_order(MANY, unheeded)
    assert publisher.windows[2:5] == [list(range(6, 22)), [8], [9, 10, 11, 12]]
    assert publisher.taken == 100


async def test_it_ends_at_what_is_refused_and_little_behind_that_has_gone_out() -> None:
    """At most four times what was taken right before it: others get that twice."""
    publisher = Scripted(lambda number, times: Answer.REFUSED if number == 8 else Answer.CONFIRMED)
    assert await publisher.publish_in_order(MANY, unheeded) == 7
    assert publisher.windows == [[1], [2, 3, 4, 5], list(range(6, 22))]


async def test_what_nobody_follows_counts_as_published() -> None:
    publisher = Scripted(lambda number, times: Answer.RETURNED)
    await publisher.publish_in_order(MANY, unheeded)
    assert publisher.taken == 100


async def test_how_far_it_is_confirmed_is_told_on_the_way() -> None:
    publisher = Scripted(lambda number, times: Answer.REFUSED if number == 4 else Answer.CONFIRMED)
    told = list[int]()

    async def reached(count: int) -> None:
        told.append(count)

    await publisher.publish_in_order(MANY, reached)
    assert told == [1, 3]


async def test_what_is_offered_goes_on_behind_what_a_queue_refuses_and_nothing_comes_twice() -> None:
    publisher = Scripted(lambda number, times: Answer.CONFIRMED if number < 8 else Answer.REFUSED)
    told = list[tuple[str, int]]()

    async def reached(count: int) -> None:
        told.append(("reached", count))

    async def refused(count: int) -> None:
        told.append(("refused behind", count))

    await publisher.offer_in_order(MANY, reached, refused)
    assert told == [("refused behind", 7), ("reached", 100)]
    assert publisher.windows == [list(range(1, 101))]


async def test_of_what_is_offered_the_lost_comes_again_with_all_behind_it() -> None:
    publisher = Scripted(lambda number, times: Answer.LOST if number == 8 and times < 2 else Answer.CONFIRMED)
    await publisher.offer_in_order(MANY, unheeded, unheeded)
    assert publisher.windows == [list(range(1, 101)), list(range(8, 101)), list(range(8, 101))]


async def test_what_stays_lost_until_the_deadline_ends_it() -> None:
    publisher = Scripted(lambda number, times: Answer.LOST, deadline_s=0.1)
    with pytest.raises(BrokerUnavailable):
        await publisher.offer_in_order(MANY, unheeded, unheeded)


class SilentAfter(Scripted):
    """The broker says nothing of what is behind this number."""

    async def _hear(self, messages: Sequence[Outgoing], answers: list[Answer]) -> None:
        await super()._hear([each for each in messages if int(each.routing_key) <= 3], answers)
        if any(int(each.routing_key) > 3 for each in messages):
            await asyncio.Event().wait()


async def test_what_was_confirmed_before_the_time_was_over_counts() -> None:
    told = list[int]()

    async def reached(count: int) -> None:
        told.append(count)

    with pytest.raises(BrokerUnavailable):
        await SilentAfter(lambda number, times: Answer.CONFIRMED, deadline_s=0.1).publish_in_order(MANY, reached)
    assert told == [1, 3]


class Lane:
    """Says this of whatever is published; what time it was given."""

    def __init__(self, *says: Answer) -> None:
        self.says, self.within_s = list(says), list[float]()

    def published(self, message: Outgoing, within_s: float = math.inf) -> asyncio.Future[Answer]:
        self.within_s.append(within_s)
        awaited = asyncio.get_running_loop().create_future()
        awaited.set_result(self.says.pop(0))
        return awaited


def publisher_on(lane: Lane, deadline_s: float = 30) -> Publisher:
    publisher = Publisher(cast("Link", Up()), deadline_s=deadline_s, backoff=Backoff())

    async def current() -> tuple[Lane, None]:
        return lane, None

    channel = SimpleNamespace(current=current, current_or_none=lambda: (lane, None), is_up=True)
    publisher._channel = cast("Any", channel)
    return publisher


@pytest.mark.parametrize(
    ("says", "told"),
    [((Answer.SILENT,) * 2, "no answer in time"), ((Answer.REFUSED, Answer.SILENT), "its queue is full")],
)
async def test_of_what_is_silent_in_time_it_is_said_that_nothing_was_heard(says: Sequence[Answer], told: str) -> None:
    """Not tried again: its time is over. Where one was refused, that is the better reason."""
    lane = Lane(*says)
    with pytest.raises(BrokerUnavailable, match=told):
        await publisher_on(lane).publish(MANY[:2])
    assert lane.within_s == [30, 30]


async def test_only_what_was_not_confirmed_comes_again() -> None:
    lane = Lane(Answer.CONFIRMED, Answer.LOST, Answer.CONFIRMED, Answer.REFUSED, Answer.CONFIRMED)
    await publisher_on(lane).publish(MANY[:3])
    assert lane.says == []


async def test_of_several_errors_none_is_left_untold() -> None:
    loop = asyncio.get_running_loop()
    unheard = list[object]()
    loop.set_exception_handler(lambda _, context: unheard.append(context))
    awaited = [loop.create_future() for _ in range(3)]
    for each in awaited[:2]:
        each.set_exception(ValueError("not for AMQP"))
    for each in awaited:
        _let_go(each)
    assert awaited[2].cancelled()
    del awaited, each
    gc.collect()
    assert unheard == []


async def test_with_its_channel_the_lane_is_closed_at_once() -> None:
    callbacks = list[Callable[..., None]]()

    async def underlay() -> SimpleNamespace:
        return SimpleNamespace(number=1)

    channel = SimpleNamespace(get_underlay_channel=underlay, close_callbacks=SimpleNamespace(add=callbacks.append))
    connection = SimpleNamespace(answered={}, writer=None, frame_max_bytes=4096)
    publisher = Scripted(lambda number, times: Answer.CONFIRMED)
    async with publisher._lane_of(cast("AbstractChannel", channel), cast("Connection", connection)) as lane:
        callbacks[0](channel, None)
        assert await lane.published(MANY[0]) is Answer.LOST
