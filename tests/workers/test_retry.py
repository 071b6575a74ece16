"""Retrying as a decision, and in place."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from domain.errors import Conflict, InvalidMessage, StoreUnavailable
from tests.waiting import LONGEST_S
from workers.retry import InPlace, Park, RetryPolicy, Wait, verdict

POLICY = RetryPolicy()
#: Holds out, however long a busy machine takes for a few tries.
FAST = RetryPolicy(in_place_s=3600, pause_min_s=0.0001, pause_max_s=0.001)


@pytest.mark.parametrize(
    ("error", "attempt", "expected"),
    [
        # Levels 5 s, 30 s, 2 min, 10 min, 1 h; the last repeats.
        (Conflict(), 0, Wait(5, 1)),
        (Conflict(), 1, Wait(30, 2)),
        (Conflict(), 2, Wait(120, 3)),
        (Conflict(), 3, Wait(600, 4)),
        (Conflict(), 4, Wait(3600, 5)),
        (Conflict(), 8, Wait(3600, 9)),
        # The tenth try was the last.
        (Conflict(), 9, Park("attempts_spent", 10)),
        # Outages do not count, however often.
        (StoreUnavailable(), 0, Wait(30, 0)),
        (StoreUnavailable(), 9, Wait(30, 9)),
        # What no repetition helps is not repeated.
        (InvalidMessage("x"), 0, Park("invalid_message", 1)),
        # A bug gets three tries.
        (KeyError("x"), 0, Wait(5, 1)),
        (KeyError("x"), 1, Wait(30, 2)),
        (KeyError("x"), 2, Park("unexpected_error", 3)),
    ],
)
def test_verdicts(error: Exception, attempt: int, expected: Wait | Park) -> None:
    assert verdict(error, attempt, POLICY) == expected


@pytest.mark.parametrize(
    ("error", "age_s", "expected"),
    [
        (Conflict(), 604_800, Wait(5, 1)),
        (Conflict(), 604_801, Park("too_old", 1)),
        # What is always "away", for this message alone, would go round for ever.
        (StoreUnavailable(), 604_801, Park("too_old", 1)),
        # The better reason stands.
        (InvalidMessage("x"), 604_801, Park("invalid_message", 1)),
    ],
)
def test_what_fails_too_late_is_given_up(error: Exception, age_s: float, expected: Wait | Park) -> None:
    assert verdict(error, 0, POLICY, age_s) == expected


def test_a_single_level_serves_all_attempts() -> None:
    policy = RetryPolicy(levels_s=(1,))
    assert verdict(StoreUnavailable(), 0, policy) == Wait(1, 0)
    assert verdict(Conflict(), 5, policy) == Wait(1, 6)


class Flaky:
    """Fails `times`, then gives 42."""

    def __init__(self, times: int, error: Exception | None = None) -> None:
        self.left, self.error, self.calls = times, error or StoreUnavailable("no primary"), 0

    async def __call__(self) -> int:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return 42


async def test_an_outage_is_waited_out_in_place() -> None:
    assert await InPlace(FAST, asyncio.Event()).for_a_while(Flaky(3)) == 42


async def test_a_lambda_is_awaited_too() -> None:
    """tenacity awaits coroutine functions only; of others it returns the coroutine, and the work was never done."""
    work = Flaky(1)
    assert await InPlace(FAST, asyncio.Event()).for_a_while(lambda: work()) == 42


async def test_what_is_waited_for_is_said_but_not_with_each_try() -> None:
    """A worker that stands still without a word is taken for a broken one."""
    in_place = InPlace(FAST, asyncio.Event())
    with capture_logs() as logs:
        await asyncio.gather(*(in_place.until_stored(Flaky(5)) for _ in range(10)))
    assert [(entry["event"], entry["why"]) for entry in logs] == [("waiting", "no primary")]


async def test_patience_ends() -> None:
    with pytest.raises(StoreUnavailable):
        await InPlace(replace(FAST, in_place_s=0.02), asyncio.Event()).for_a_while(Flaky(1_000_000))


async def test_other_errors_are_not_repeated() -> None:
    work = Flaky(1, Conflict("others were first"))
    with pytest.raises(Conflict):
        await InPlace(FAST, asyncio.Event()).for_a_while(work)
    assert work.calls == 1


async def test_stopping_ends_the_patience_at_once() -> None:
    stopping = asyncio.Event()
    work = Flaky(1_000)
    waiting = asyncio.create_task(InPlace(RetryPolicy(pause_min_s=3600, pause_max_s=3600), stopping).for_a_while(work))
    await asyncio.sleep(0)
    stopping.set()
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(waiting, LONGEST_S)


async def test_a_known_outcome_is_stored_even_while_stopping() -> None:
    stopping = asyncio.Event()
    stopping.set()
    assert await InPlace(FAST, stopping).until_stored(Flaky(20)) == 42


async def test_a_known_outcome_is_not_stored_in_a_hot_loop_while_stopping() -> None:
    stopping, tries = asyncio.Event(), Flaky(1_000)
    stopping.set()
    slow = RetryPolicy(pause_min_s=3600, pause_max_s=3600)
    storing = asyncio.create_task(InPlace(slow, stopping).until_stored(tries))
    for _ in range(200):
        await asyncio.sleep(0)
    assert (tries.calls, storing.done()) == (1, False)
    storing.cancel()
