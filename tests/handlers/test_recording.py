"""Answers on their way to the ledger: of all batches, many at a time, and none of them late."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from domain.delivery import Attempt, Wire
from handlers.outcome_writer import Tried
from handlers.recording import Recorder, Recording
from tests.builders import an_email
from tests.handlers.virtual_clock import VirtualClock


class Ledger:
    """What was stored, at which second of the clock, and what each batch was told of it."""

    def __init__(self, clock: VirtualClock, size: int) -> None:
        self.clock = clock
        self.recorder = Recorder(self.store, size, sleep=clock.sleep)
        self.writes: list[tuple[float, int]] = []
        self.recorded: dict[str, int] = {}
        self.takes_s = 0.0

    async def store(self, tried: Sequence[Tried]) -> None:
        if self.takes_s:
            await self.clock.sleep(self.takes_s)
        self.writes.append((self.clock.now_s, len(tried)))

    def recording(self, name: str = "batch") -> Recording:
        def recorded(count: int) -> None:
            self.recorded[name] = self.recorded.get(name, 0) + count

        return Recording(self.recorder, recorded)


def answers(count: int) -> list[Tried]:
    rows = [an_email(f"p{number}@example.com") for number in range(count)]
    return [(row, Attempt(row.id, Wire.UNKNOWN)) for row in rows]


@pytest.fixture
async def clock() -> VirtualClock:
    return VirtualClock()


async def test_answers_are_stored_in_bulks_and_the_rest_at_the_end(clock: VirtualClock) -> None:
    ledger = Ledger(clock, size=3)
    recording = ledger.recording()

    async def batch() -> None:
        for each in answers(7):
            recording.add(each)
        await recording.complete()

    await clock.run(batch())
    assert [count for _, count in ledger.writes] == [3, 3, 1]
    assert ledger.recorded == {"batch": 7}


async def test_answers_of_several_batches_are_stored_together_and_each_is_told_of_its_own(clock: VirtualClock) -> None:
    """Batches that wait for room in the claim window do not sit on a few answers each."""
    ledger = Ledger(clock, size=3)

    async def batches() -> None:
        one, other = ledger.recording("one"), ledger.recording("other")
        first, second, third = answers(3)
        one.add(first)
        other.add(second)
        one.add(third)
        await asyncio.gather(*one.writes, *other.writes)

    await clock.run(batches())
    assert ledger.writes == [(0.0, 3)]
    assert ledger.recorded == {"one": 2, "other": 1}


async def test_a_mail_that_hangs_keeps_no_other_answer_for_more_than_a_second(clock: VirtualClock) -> None:
    ledger = Ledger(clock, size=100)
    recording = ledger.recording()

    async def batch() -> None:
        for each in answers(5):
            recording.add(each)
        await clock.sleep(300)
        recording.add(answers(1)[0])
        await recording.complete()

    await clock.run(batch())
    assert ledger.writes == [(1.0, 5), (300.0, 1)]


async def test_nothing_is_lost_that_is_being_stored_when_the_batch_ends(clock: VirtualClock) -> None:
    ledger = Ledger(clock, size=100)
    ledger.takes_s = 5
    recording = ledger.recording()

    async def batch() -> None:
        recording.add(answers(1)[0])
        await clock.sleep(2)
        recording.add(answers(1)[0])
        await recording.complete()

    await clock.run(batch())
    assert ledger.recorded == {"batch": 2}


async def test_a_bug_while_storing_by_the_clock_is_not_silent(clock: VirtualClock) -> None:
    async def broken(tried: Sequence[Tried]) -> None:
        raise ZeroDivisionError

    recording = Recording(Recorder(broken, 100, sleep=clock.sleep), lambda count: None)

    async def batch() -> None:
        recording.add(answers(1)[0])
        await clock.sleep(2)
        await recording.complete()

    with pytest.raises(ZeroDivisionError):
        await clock.run(batch())


async def test_a_batch_that_is_cut_off_takes_nobodys_answers_along(clock: VirtualClock) -> None:
    ledger = Ledger(clock, size=2)
    ledger.takes_s = 5
    cut_off, other = ledger.recording("cut off"), ledger.recording("other")

    async def ends() -> None:
        for recording in (cut_off, other):
            recording.add(answers(1)[0])
        ending = asyncio.create_task(cut_off.complete())
        await clock.sleep(1)
        ending.cancel()
        await other.complete()

    await clock.run(ends())
    assert ledger.recorded == {"cut off": 1, "other": 1}
