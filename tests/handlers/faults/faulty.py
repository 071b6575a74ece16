"""Deterministic faults at the ports: a handler is hit at each of its calls in turn, and its message delivered again.

A play is a house of fakes, the messages that are delivered to it, and what is worth comparing at its end. It is played
once undisturbed, and then once for each call of a port and each way of being hit there; publishing what follows and
acknowledging count as calls. Whatever is hit where, the play ends as the undisturbed one did.
"""

from __future__ import annotations

import copy
import inspect
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from domain.delivery import Attempt, Wire
from domain.errors import CampaignsError, RelayUnavailable, StoreUnavailable, Transient

T = TypeVar("T")

MOST_DELIVERIES = 200  #: a message that comes back more often never succeeds


class Way(StrEnum):
    """How a call is hit."""

    DIES_BEFORE = "dies before"  #: the process ends, and nothing of the call happened
    DIES_AFTER = "dies after"  #: it happened, and its caller never knew
    FAILS_BEFORE = "fails before"  #: the server does not answer, and nothing happened; the process lives on
    FAILS_AFTER = "fails after"  #: the server does not answer, but it happened


_DEADLY = frozenset({Way.DIES_BEFORE, Way.DIES_AFTER})
_LATE = frozenset({Way.DIES_AFTER, Way.FAILS_AFTER})


class Died(Exception):
    """The process was killed: nothing it still tries has any effect."""


@dataclass(frozen=True, slots=True)
class Fault:
    at: int  #: which call, from 0
    way: Way


@dataclass
class Life:
    """The calls of one process after the other; each fault hits once."""

    faults: Sequence[Fault] = ()
    calls: list[str] = field(default_factory=list)
    dead: bool = False
    kept: dict[str, Any] = field(default_factory=dict)  #: what the process remembers

    def born_again(self) -> None:
        self.dead = False
        self.kept.clear()

    async def call(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """
        Raises:
            Died, StoreUnavailable: it is hit here; or it died before.
        """
        if self.dead:
            raise Died
        way = self._way()
        self.calls.append(name)
        if way is not None and way not in _LATE:
            self._hit(way)
        answer = await work()
        if way is not None and way in _LATE:
            self._hit(way)
        return answer

    @property
    def hit_late(self) -> bool:
        """Whether the last call happened although it was hit."""
        return any(fault.at == len(self.calls) - 1 and fault.way in _LATE for fault in self.faults)

    def _way(self) -> Way | None:
        return next((fault.way for fault in self.faults if fault.at == len(self.calls)), None)

    def _hit(self, way: Way) -> None:
        if way in _DEADLY:
            self.dead = True
            raise Died
        raise StoreUnavailable("the server does not answer")


class Port:
    """A fake behind a life: each of its coroutines is a call."""

    def __init__(self, name: str, fake: Any, life: Life) -> None:
        self._name, self._fake, self._life = name, fake, life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._fake, name)
        full = f"{self._name}.{name}"
        if inspect.isasyncgenfunction(found):
            return lambda *args, **kwargs: _stream(full, found(*args, **kwargs), self._life)
        if not inspect.iscoroutinefunction(found):
            return found
        return lambda *args, **kwargs: self._life.call(full, lambda: found(*args, **kwargs))


async def _stream(name: str, items: AsyncIterator[Any], life: Life) -> AsyncIterator[Any]:
    """Each item is a call. A relay that is lost after a mail does not know what became of it."""
    while True:
        told: list[Any] = []

        async def one(told: list[Any] = told) -> None:
            told.append(await anext(items, None))

        try:
            await life.call(name, one)
        except StoreUnavailable as error:
            if not told or not isinstance(told[0], Attempt):
                raise (RelayUnavailable if name.startswith("relay") else StoreUnavailable)(str(error)) from error
            told = [Attempt(told[0].email_id, Wire.UNKNOWN)]
        if told[0] is None:
            return
        yield told[0]


def mortal(house: T, life: Life) -> T:
    """The same house, with each of its fakes behind the life."""
    found = copy.copy(house)
    for name, value in vars(house).items():
        if type(value).__name__.startswith("Memory"):
            setattr(found, name, Port(name, value, life))
    return found


async def in_place(store: Callable[[], Awaitable[None]]) -> None:
    """As the runtime does with what must not be lost: again until it is durable (workers/retry.py)."""
    while True:
        try:
            return await store()
        except StoreUnavailable:
            continue


class Play(Protocol):
    ordered: bool  #: whether what comes again comes before what follows it, as when people do one thing after the other

    def messages(self) -> Sequence[Any]:
        """What is delivered, in this order: messages, or windows of them."""

    async def handle(self, message: Any, life: Life) -> Sequence[Any]:
        """What follows from it and is delivered as well."""

    def time_passes(self) -> None:
        """Between a delivery that failed and the next."""

    async def settle(self, life: Life) -> Sequence[Any]:
        """Called when no message is left: what time brings; nothing when all is over."""

    def state(self) -> Any:
        """What is the same after every undisturbed and every disturbed play."""


async def played(play: Play, *faults: Fault, times: int = 1, order: random.Random | None = None) -> Life:
    """Deliver everything, so many times and in any order, until it succeeds; the calls that were made."""
    life, queue = Life(faults), deque(list(play.messages()) * times)
    for _ in range(MOST_DELIVERIES):
        if not queue:
            queue.extend(await _settled(play, life))
        if not queue:
            return life
        if order is not None:
            queue.rotate(order.randrange(len(queue)))
        if not await _delivered(play, queue, life):
            queue.rotate(0 if play.ordered else -1)
            play.time_passes()
    raise AssertionError(f"it never comes to an end: {list(queue)}")


async def _delivered(play: Play, queue: deque[Any], life: Life) -> bool:
    """Handle the first message, publish what follows, acknowledge; False when it is to be delivered again."""

    async def publish(message: Any) -> None:
        queue.append(message)

    async def acknowledge() -> None:
        queue.popleft()

    try:
        for each in await play.handle(queue[0], life):
            await life.call("publish", lambda each=each: publish(each))  # type: ignore[misc]
        await life.call("acknowledge", acknowledge)
    except Died:
        life.born_again()
    except Transient:
        pass
    else:
        return True
    return life.calls[-1] == "acknowledge" and life.hit_late


async def _settled(play: Play, life: Life) -> Sequence[Any]:
    """A tick that dies is followed by the next one."""
    try:
        return await play.settle(life)
    except Died:
        life.born_again()
    except Transient:
        pass
    play.time_passes()
    return await _settled(play, life)


async def differences(
    build: Callable[[], Play], way: Way, same: Callable[[Any, Any, str], bool] | None = None
) -> list[str]:
    """Where a fault changes how the play ends; `same` compares the ends, knowing the call that was hit."""
    first = build()
    calls = (await played(first)).calls
    assert calls, "a play without calls proves nothing"
    found: list[str] = []
    for at, name in enumerate(calls):
        play = build()
        try:
            await played(play, Fault(at, way))
        except (CampaignsError, AssertionError) as error:
            found.append(f"{way} {name} (call {at}): {error!r}")
            continue
        if not (same or _equal)(first.state(), play.state(), name):
            found.append(f"{way} {name} (call {at}): {play.state()} instead of {first.state()}")
    return found


def _equal(one: Any, other: Any, _: str) -> bool:
    return bool(one == other)
