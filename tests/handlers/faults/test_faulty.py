"""The harness finds what it is for: handlers that lose or repeat something when they are hit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from domain.errors import StoreUnavailable
from tests.handlers.faults.faulty import Died, Fault, Life, Way, differences, mortal, played


class MemoryCounter:
    def __init__(self) -> None:
        self.sum = 0
        self.seen: set[str] = set()

    async def knows(self, name: str) -> bool:
        return name in self.seen

    async def remember(self, name: str) -> None:
        self.seen.add(name)

    async def add(self) -> None:
        self.sum += 1


class Counting:
    """One message that is to count once."""

    ordered = False

    def __init__(self, *, mark_first: bool) -> None:
        self.counter = MemoryCounter()
        self.mark_first = mark_first

    def messages(self) -> Sequence[str]:
        return ["one"]

    async def handle(self, message: str, life: Life) -> Sequence[Any]:
        counter = mortal(self, life).counter
        if await counter.knows(message):
            return []
        if self.mark_first:
            await counter.remember(message)
        await counter.add()
        if not self.mark_first:
            await counter.remember(message)
        return []

    def time_passes(self) -> None:
        """Nothing here looks at a clock."""

    async def settle(self, life: Life) -> Sequence[Any]:
        return []

    def state(self) -> int:
        return self.counter.sum


@pytest.mark.parametrize("way", Way)
async def test_it_finds_an_effect_that_is_lost(way: Way) -> None:
    """Marked as done before it is done."""
    found = await differences(lambda: Counting(mark_first=True), way)
    assert [each for each in found if "0 instead of 1" in each]


@pytest.mark.parametrize("way", Way)
async def test_it_finds_an_effect_that_is_repeated(way: Way) -> None:
    """Done before it is marked as done."""
    found = await differences(lambda: Counting(mark_first=False), way)
    assert [each for each in found if "2 instead of 1" in each]


async def test_the_dead_have_no_effect() -> None:
    life, counter = Life((Fault(0, Way.DIES_BEFORE),)), MemoryCounter()
    for _ in range(2):
        with pytest.raises(Died):
            await life.call("counter.add", counter.add)
    assert counter.sum == 0


async def test_the_living_go_on_after_a_failure() -> None:
    life, counter = Life((Fault(0, Way.FAILS_AFTER),)), MemoryCounter()
    with pytest.raises(StoreUnavailable):
        await life.call("counter.add", counter.add)
    await life.call("counter.add", counter.add)
    assert counter.sum == 2


async def test_publishing_and_acknowledging_are_calls_as_well() -> None:
    assert (await played(Counting(mark_first=True))).calls == [
        "counter.knows", "counter.remember", "counter.add", "acknowledge"
    ]  # fmt: skip
