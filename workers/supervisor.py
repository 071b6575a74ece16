"""Keeps one connection or channel open: any trouble ends its life, and the next one begins."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakSet

import structlog

from workers.broker_calls import in_words

log = structlog.get_logger()

T = TypeVar("T")

RENEWED = "renewed"  #: the reason of an end that is no trouble: the next life begins at once, without a word
STEADY_S = 30.0  #: a life this long was a success: the next back-off begins small again


class Generation:
    """One life of a connection or channel. When it has ended, all that came through it is stale."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.why = ""
        #: Deliveries of this channel that are neither acknowledged nor given up.
        self.unsettled = 0
        #: Nothing more is to come through this channel.
        self.is_resting = False
        self._ended = asyncio.Event()
        self._children: WeakSet[Generation] = WeakSet()

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    def end(self, why: str) -> None:
        """Declare it dead, and all that lived by it. The first reason stands."""
        if not self.alive:
            return
        self.why = why
        self._ended.set()
        for child in list(self._children):
            child.end(why)

    def adopt(self, child: "Generation") -> None:
        """End `child` when this ends: channels do not outlive their connection."""
        self._children.add(child)
        if not self.alive:
            child.end(self.why)

    async def ended(self) -> str:
        await self._ended.wait()
        return self.why


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: between `min_s` and a bound that doubles up to `max_s`, so that a restarted broker meets no herd."""

    min_s: float = 0.2
    max_s: float = 15.0

    def delay_s(self, failures: int) -> float:
        bound = min(self.max_s, self.min_s * 2 ** min(failures, 16))
        return random.uniform(self.min_s, max(self.min_s, bound))


class Supervisor(Generic[T]):
    """Opens `opened`, waits for the end of its generation, closes it, backs off, and again, until stopped."""

    def __init__(
        self,
        name: str,
        opened: Callable[[Generation], AbstractAsyncContextManager[T]],
        backoff: Backoff,
        on_open: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.name = name
        self.why_down = "not opened yet"
        self._opened = opened
        self._backoff = backoff
        self._on_open = on_open
        self._numbers = itertools.count(1)
        self._current: tuple[T, Generation] | None = None
        self._up = asyncio.Event()
        self._retired = False
        self._task: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    async def current(self) -> tuple[T, Generation]:
        """What is open now; waits until something is."""
        while self._current is None:
            await self._up.wait()
        return self._current

    def current_or_none(self) -> tuple[T, Generation] | None:
        return self._current

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self.name)

    def retire(self) -> None:
        """Let the present life be the last one."""
        self._retired = True

    async def stop(self) -> None:
        """Close what is open; nothing is opened any more."""
        self.retire()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        failures = 0
        while not self._retired:
            began = time.monotonic()
            self.why_down = await self._live()
            if self.why_down == RENEWED or self._retired:
                continue
            failures = 0 if time.monotonic() - began > STEADY_S else failures + 1
            await self._rest(failures)

    async def _rest(self, failures: int) -> None:
        delay_s = self._backoff.delay_s(failures)
        log.warning("broker_link_down", link=self.name, why=self.why_down, retry_in_s=round(delay_s, 2))
        await asyncio.sleep(delay_s)

    async def _live(self) -> str:
        """One life; the reason of its end."""
        generation = Generation(next(self._numbers))
        try:
            async with self._opened(generation) as value:
                self._announce(value, generation)
                return await generation.ended()
        except Exception as error:  # noqa: BLE001 - a supervisor: whatever it was, the next life begins
            return in_words(error)
        finally:
            generation.end("closed by us")
            self._up.clear()
            self._current = None

    def _announce(self, value: T, generation: Generation) -> None:
        self._current = (value, generation)
        self._up.set()
        self._on_open(self.name)
        log.info("broker_link_up", link=self.name, generation=generation.number)
