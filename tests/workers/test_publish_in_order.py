"""A stream is published in order, many at once; what is refused comes again before what is behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import pytest

from domain.errors import BrokerUnavailable
from workers.link import Link
from workers.outgoing import Outgoing
from workers.publish_lane import Answer
from workers.publisher import Publisher
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

    async def _answers(self, messages: Sequence[Outgoing]) -> Sequence[Answer]:
        numbers = [int(message.routing_key) for message in messages]
        before = [number for window in self.windows for number in window]
        self.windows.append(numbers)
        return [self.answer(number, before.count(number)) for number in numbers]

    @property
    def taken(self) -> int:
        """How far somebody gets who leaves out what is ahead of its number."""
        last = 0
        for window in self.windows:
            for number in window:
                last += number == last + 1
        return last


async def test_all_of_them_in_ever_larger_windows() -> None:
    publisher = Scripted(lambda number, times: Answer.CONFIRMED)
    await publisher.publish_in_order(MANY)
    assert [len(window) for window in publisher.windows] == [1, 4, 16, 64, 15]
    assert [number for window in publisher.windows for number in window] == list(range(1, 101))


@pytest.mark.parametrize("answer", [Answer.REFUSED, Answer.LOST])
async def test_what_fails_comes_again_alone_and_then_all_that_are_behind_it(answer: Answer) -> None:
    publisher = Scripted(lambda number, times: answer if number == 8 and times == 0 else Answer.CONFIRMED)
    await publisher.publish_in_order(MANY)
    assert publisher.windows[2:5] == [list(range(6, 22)), [8], [9, 10, 11, 12]]
    assert publisher.taken == 100


async def test_a_queue_that_is_full_most_of_the_time_does_not_flood_others_with_repeats() -> None:
    """Every window is at most four times what was confirmed right before it."""
    publisher = Scripted(lambda number, times: Answer.CONFIRMED if number % 5 or times else Answer.REFUSED)
    await publisher.publish_in_order(MANY)
    assert publisher.taken == 100
    assert sum(map(len, publisher.windows)) <= 5 * len(MANY)


async def test_what_nobody_follows_counts_as_published() -> None:
    publisher = Scripted(lambda number, times: Answer.RETURNED)
    await publisher.publish_in_order(MANY)
    assert publisher.taken == 100


async def test_what_is_refused_until_the_deadline_ends_it_with_nothing_behind_it_repeated() -> None:
    publisher = Scripted(lambda number, times: Answer.REFUSED if number == 1 else Answer.CONFIRMED, deadline_s=0.1)
    with pytest.raises(BrokerUnavailable):
        await publisher.publish_in_order(MANY)
    assert {number for window in publisher.windows for number in window} == {1}
