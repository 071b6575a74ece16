"""The claim window: no more emails begun without a recorded outcome than it holds, and everybody's turn comes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from handlers.claim_window import ClaimWindow, Room


def always() -> bool:
    return True


class Queue:
    """Batches that ask for room in a window; who got it, in order."""

    def __init__(self, size: int, reserve: int = 0) -> None:
        self.window = ClaimWindow(size, reserve, sleep=self.sleep)
        self.looks = asyncio.Event()
        self.entered: list[str] = []
        self.rooms: dict[str, Room] = {}
        self.tasks: dict[str, asyncio.Task[bool]] = {}

    async def sleep(self, seconds: float) -> None:
        await self.looks.wait()

    async def ask(self, name: str, count: int, *, urgent: bool = False, wanted: Callable[[], bool] = always) -> None:
        async def enter() -> bool:
            room = self.rooms.setdefault(name, Room(self.window, "spring"))
            entered = await room.more(count, wanted, urgent=urgent)
            if entered:
                self.entered.append(name)
            return entered

        self.tasks[name] = asyncio.create_task(enter())
        await self.settle()

    async def leave(self, name: str) -> None:
        self.rooms[name].leave()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(6):
            await asyncio.sleep(0)


async def test_a_batch_waits_until_enough_outcomes_of_others_are_durable() -> None:
    queue = Queue(10)
    await queue.ask("a", 6)
    await queue.ask("b", 6)
    assert queue.entered == ["a"]
    queue.rooms["a"].recorded(1)
    await queue.settle()
    assert queue.entered == ["a"]
    queue.rooms["a"].recorded(1)
    await queue.settle()
    assert queue.entered == ["a", "b"]
    assert queue.window.in_use == 10


async def test_a_batch_larger_than_the_window_goes_alone() -> None:
    queue = Queue(10, reserve=2)
    await queue.ask("a", 1)
    await queue.ask("large", 11)
    assert queue.entered == ["a"]
    await queue.leave("a")
    assert queue.entered == ["a", "large"]
    await queue.ask("b", 1)
    assert queue.entered == ["a", "large"]
    await queue.leave("large")
    assert queue.entered == ["a", "large", "b"]


async def test_nobody_overtakes_so_a_large_batch_is_not_kept_waiting_by_small_ones() -> None:
    queue = Queue(10)
    await queue.ask("a", 6)
    await queue.ask("large", 9)
    await queue.ask("small", 1)
    assert queue.entered == ["a"]
    await queue.leave("a")
    assert queue.entered == ["a", "large", "small"]


async def test_urgent_batches_go_first_and_have_room_that_ordinary_ones_may_not_take() -> None:
    queue = Queue(10, reserve=2)
    await queue.ask("a", 8)
    await queue.ask("b", 1)
    assert queue.entered == ["a"]
    await queue.ask("urgent", 2, urgent=True)
    assert queue.entered == ["a", "urgent"]
    await queue.ask("urgent too", 2, urgent=True)
    await queue.leave("a")
    assert queue.entered == ["a", "urgent", "urgent too", "b"]


async def test_who_is_not_to_wait_any_more_leaves_the_queue_to_the_others() -> None:
    queue = Queue(10)
    paused = False
    await queue.ask("a", 6)
    await queue.ask("paused", 9, wanted=lambda: not paused)
    await queue.ask("b", 4)
    assert queue.entered == ["a"]
    paused = True
    queue.looks.set()
    await queue.settle()
    assert queue.tasks["paused"].result() is False
    assert queue.entered == ["a", "b"]


async def test_who_is_cut_off_while_it_waits_takes_up_no_room() -> None:
    queue = Queue(10)
    await queue.ask("a", 10)
    await queue.ask("cut off", 10)
    queue.tasks["cut off"].cancel()
    await queue.leave("a")
    with pytest.raises(asyncio.CancelledError):
        await queue.tasks["cut off"]
    assert queue.window.in_use == 0


async def test_who_is_cut_off_in_the_moment_of_its_turn_takes_up_no_room() -> None:
    queue = Queue(10)
    await queue.ask("a", 10)
    await queue.ask("cut off", 10)
    queue.rooms["a"].leave()
    queue.tasks["cut off"].cancel()
    await queue.settle()
    assert queue.tasks["cut off"].cancelled()
    assert queue.window.in_use == 0


async def test_leaving_twice_frees_nothing_twice() -> None:
    queue = Queue(10)
    await queue.ask("a", 4)
    queue.rooms["a"].recorded(9)
    queue.rooms["a"].leave()
    assert queue.window.in_use == 0


@pytest.mark.parametrize("seed", range(30))
async def test_the_window_is_never_exceeded_whatever_comes_and_goes(seed: int) -> None:
    """Random batches, some larger than the window, that are recorded bit by bit, give up, or are cut off."""
    dice = random.Random(seed)
    size = dice.randint(1, 40)
    window = ClaimWindow(size, reserve=dice.randint(0, size // 2))
    begun: dict[int, int] = {}
    sent: list[int] = []

    async def batch(number: int) -> None:
        count, urgent, patience = dice.randint(1, size + 5), dice.random() < 0.3, dice.randint(0, 9)
        for _ in range(dice.randint(0, 20)):
            await asyncio.sleep(0)
        room = Room(window, "spring")
        if not await room.more(count, lambda: patience != 0, urgent=urgent):
            return
        begun[number] = count
        try:
            assert sum(begun.values()) <= size or list(begun.values()) == [count]
            while begun[number]:
                await asyncio.sleep(0)
                part = dice.randint(1, begun[number])
                begun[number] -= part
                room.recorded(part)
            sent.append(number)
        finally:
            del begun[number]
            room.leave()

    tasks = [asyncio.create_task(batch(number)) for number in range(60)]
    for task in dice.sample(tasks, 5):
        for _ in range(dice.randint(0, 10)):
            await asyncio.sleep(0)
        task.cancel()
    async with asyncio.timeout(60):
        failed = [each for each in await asyncio.gather(*tasks, return_exceptions=True) if isinstance(each, Exception)]
    assert failed == []
    assert sent, "somebody's turn came"
    assert window.in_use == 0


async def test_the_campaign_that_has_least_under_way_is_next() -> None:
    """X5: two batches of the one get no more of a slow relay than one of the other."""
    window = ClaimWindow(4)
    large, more, small = Room(window, "large"), Room(window, "large"), Room(window, "small")
    assert await large.more(4, always)
    second = asyncio.create_task(more.more(2, always))
    third = asyncio.create_task(small.more(2, always))
    await asyncio.sleep(0)
    large.recorded(2)
    assert await third
    assert not second.done()
    large.recorded(2)
    assert await second
