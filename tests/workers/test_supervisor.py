"""Lives that end and begin again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.waiting import LONGEST_S
from workers.broker_calls import broker_call
from workers.supervisor import RENEWED, Backoff, Generation, Supervisor

AT_ONCE = Backoff(0, 0)


class Doors:
    """Counts openings and closings; opening fails as often as `refuse` says."""

    def __init__(self, refuse: int = 0) -> None:
        self.refuse, self.opened, self.closed = refuse, 0, 0

    @asynccontextmanager
    async def __call__(self, generation: Generation) -> AsyncIterator[int]:
        if self.refuse:
            self.refuse -= 1
            raise ConnectionError("refused")
        self.opened += 1
        try:
            yield self.opened
        finally:
            self.closed += 1


async def test_what_ends_is_opened_again() -> None:
    doors = Doors()
    supervisor = Supervisor("door", doors, AT_ONCE)
    supervisor.start()
    for life in range(1, 5):
        value, generation = await supervisor.current()
        assert (value, generation.number) == (life, life)
        generation.end(RENEWED if life == 2 else "slammed")
        await _other_than(supervisor, generation)
    await supervisor.stop()
    assert doors.opened == doors.closed


async def test_a_refusal_is_tried_again() -> None:
    supervisor = Supervisor("door", Doors(refuse=5), AT_ONCE)
    supervisor.start()
    value, generation = await asyncio.wait_for(supervisor.current(), LONGEST_S)
    assert (value, generation.number) == (1, 6)
    await supervisor.stop()


async def test_a_retired_one_is_not_opened_again() -> None:
    doors = Doors()
    supervisor = Supervisor("door", doors, AT_ONCE)
    supervisor.start()
    _, generation = await supervisor.current()
    supervisor.retire()
    generation.end("slammed")
    assert supervisor._task is not None
    await asyncio.wait_for(supervisor._task, LONGEST_S)
    assert (doors.opened, doors.closed, supervisor.is_up) == (1, 1, False)


def test_channels_end_with_their_connection() -> None:
    connection, channel, late = Generation(1), Generation(1), Generation(2)
    connection.adopt(channel)
    connection.end("lost")
    connection.adopt(late)
    assert (channel.alive, channel.why, late.alive) == (False, "lost", False)


def test_the_first_reason_stands() -> None:
    generation = Generation(1)
    generation.end("first")
    generation.end("second")
    assert generation.why == "first"


@pytest.mark.parametrize(("failures", "bound_s"), [(0, 0.2), (1, 0.4), (3, 1.6), (6, 12.8), (7, 15), (60, 15)])
def test_the_pause_is_random_up_to_a_doubling_bound(failures: int, bound_s: float) -> None:
    delays = [Backoff(0.2, 15).delay_s(failures) for _ in range(200)]
    assert min(delays) >= 0.2
    assert max(delays) <= bound_s + 1e-9


async def test_a_cancellation_that_nobody_asked_for_is_a_lost_connection() -> None:
    """aiormq lets one out of a publish on a stuck connection; in a task group it would end a worker silently."""
    with pytest.raises(ConnectionError):
        async with broker_call():
            raise asyncio.CancelledError


async def test_a_cancellation_of_ours_goes_through() -> None:
    async def call() -> None:
        async with broker_call():
            await asyncio.sleep(60)

    task = asyncio.create_task(call())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_call_without_an_answer_ends() -> None:
    with pytest.raises(TimeoutError):
        async with broker_call(0.001):
            await asyncio.Event().wait()


async def _other_than(supervisor: Supervisor[int], generation: Generation) -> None:
    async with asyncio.timeout(LONGEST_S):
        while (await supervisor.current())[1] is generation:
            await asyncio.sleep(0)
