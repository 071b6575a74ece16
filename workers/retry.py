"""When to try again, how long to wait, when to give up. The only place of tenacity."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_never, wait_random_exponential

from domain.errors import Permanent, Transient, Unavailable
from workers.topology import LEVELS_S

log = structlog.get_logger()

T = TypeVar("T")

#: How often a process says that it waits for something: many messages may wait for the same.
SAY_EVERY_S = 10.0

ATTEMPTS_SPENT = "attempts_spent"
TOO_OLD = "too_old"
UNEXPECTED = "unexpected_error"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How failures are answered. With the default levels ten attempts take about six hours."""

    #: Waits after the first, second, … failed try; the last one repeats. Each has a wait queue per work queue.
    levels_s: tuple[float, ...] = LEVELS_S
    max_attempts: int = 10
    #: Tries for an error that nobody foresaw: a bug seldom goes away by itself.
    max_unexpected: int = 3
    #: A message that fails so long after its first try is given up, whatever it failed of.
    max_age_s: float = 7 * 24 * 3600.0
    #: How long a dependency may be away before the message in hand is put into a wait queue.
    in_place_s: float = 60.0
    #: Bounds of the pauses between tries in place.
    pause_min_s: float = 0.2
    pause_max_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after `delay_s`, having failed `attempt` times."""

    delay_s: float
    attempt: int


@dataclass(frozen=True, slots=True)
class Park:
    """Give up after `attempts` tries."""

    reason: str
    attempts: int


def verdict(error: Exception, attempt: int, policy: RetryPolicy, age_s: float = 0.0) -> Wait | Park:
    """What becomes of a message that failed `attempt` times before this error, the first time `age_s` ago.

    A dependency that is away uses up no attempt, else an outage of two hours would park everything. What is said
    to be away for that message alone would go round for ever; that ends with its age.
    """
    decided = _by_attempts(error, attempt, policy)
    if isinstance(decided, Wait) and age_s > policy.max_age_s:
        return Park(TOO_OLD, attempt + 1)
    return decided


def _by_attempts(error: Exception, attempt: int, policy: RetryPolicy) -> Wait | Park:
    failed = attempt + 1
    match error:
        case Permanent():
            return Park(error.code, failed)
        case Unavailable():
            return Wait(_level(policy, 1), attempt)
        case Transient():
            return (
                Park(ATTEMPTS_SPENT, failed) if failed >= policy.max_attempts else Wait(_level(policy, attempt), failed)
            )
        case _:
            return (
                Park(UNEXPECTED, failed) if failed >= policy.max_unexpected else Wait(_level(policy, attempt), failed)
            )


def _level(policy: RetryPolicy, number: int) -> float:
    return policy.levels_s[min(number, len(policy.levels_s) - 1)]


class InPlace:
    """Repeats what failed because a dependency is away, with the message in hand; says now and then what is away."""

    def __init__(self, policy: RetryPolicy, stopping: asyncio.Event) -> None:
        self._policy = policy
        self._stopping = stopping
        self._said_at = -SAY_EVERY_S
        self._storing = 0

    @property
    def is_storing(self) -> bool:
        """Whether an outcome that only we know waits to become durable."""
        return self._storing > 0

    async def for_a_while(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, repeated for `in_place_s` or until the process is told to stop.

        Raises:
            Unavailable: still away; any other error of `work` at once.
        """
        return await self._repeat(work, give_up=self._waited_enough)

    async def while_true(self, work: Callable[[], Awaitable[T]], worthwhile: Callable[[], bool]) -> T:
        """The result of `work`, repeated as long as it is `worthwhile` and the process is not told to stop."""
        return await self._repeat(work, give_up=lambda state: self._stopping.is_set() or not worthwhile())

    async def until_stored(self, store: Callable[[], Awaitable[T]]) -> T:
        """The result of `store`, repeated until it is durable, even while stopping: for outcomes that only we know."""
        self._storing += 1
        try:
            return await self._repeat(store, give_up=stop_never, sleep=asyncio.sleep)
        finally:
            self._storing -= 1

    def _waited_enough(self, state: RetryCallState) -> bool:
        return self._stopping.is_set() or (state.seconds_since_start or 0) >= self._policy.in_place_s

    async def _repeat(
        self,
        work: Callable[[], Awaitable[T]],
        give_up: Callable[[RetryCallState], bool],
        sleep: Callable[[float], Awaitable[Any]] | None = None,
    ) -> T:
        policy = self._policy
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_random_exponential(multiplier=policy.pause_min_s, max=policy.pause_max_s),
            stop=give_up,
            sleep=sleep or self._sleep,
            before_sleep=self._say,
            reraise=True,
        )

        async def attempt() -> T:  # tenacity awaits coroutine functions only: of a lambda it would return the coroutine
            return await work()

        return await retrying(attempt)

    def _say(self, state: RetryCallState) -> None:
        if state.outcome is not None and time.monotonic() - self._said_at >= SAY_EVERY_S:
            self._said_at = time.monotonic()
            log.warning("waiting", why=str(state.outcome.exception()))

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
