"""Waiting for work that the workers do, with its progress on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import TypeVar

from cli.output import say
from cli.progress import progress
from domain.errors import Permanent, Transient
from domain.parked import Which
from domain.slices import Run
from repositories.stores import Stores

T = TypeVar("T")

POLL_S = 0.2
PATIENCE_S = 15.0
LATELY = 20  #: parked messages of a queue among which a request is looked for


class NobodyWorks(Transient):
    """A request was taken by RabbitMQ, and no worker has begun it."""


class Refused(Permanent):
    """A worker has parked the request; the text is the worker's."""


async def until(
    look: Callable[[], Awaitable[T]],
    done: Callable[[T], bool],
    *,
    begun: Callable[[T], bool],
    waiting_for: str,
    see: Callable[[T], None] = lambda state: None,
) -> T:
    """The state that is `done`, looked at five times a second; `see` is shown each one.

    Raises:
        NobodyWorks: it has not even `begun` within 15 seconds.
    """
    started = time.monotonic()
    while True:
        state = await look()
        see(state)
        if done(state):
            return state
        if not begun(state) and time.monotonic() - started > PATIENCE_S:
            raise NobodyWorks(
                f"{waiting_for} is queued, and no worker has begun it within {PATIENCE_S:g} s. Start one: "
                "`campaigns worker all`. Nothing needs to be asked for again; `campaigns status` shows the queues."
            )
        await asyncio.sleep(POLL_S)


def said_now_and_then(
    text: Callable[[T], str], every_s: float = PATIENCE_S, monotonic_s: Callable[[], float] = time.monotonic
) -> Callable[[T], None]:
    """For `see`, where there is no number to show: says again and again what is waited for."""
    next_s = monotonic_s() + every_s

    def see(state: T) -> None:
        nonlocal next_s
        if monotonic_s() >= next_s:
            next_s += every_s
            say(text(state))

    return see


async def run_ended(latest: Callable[[], Awaitable[Run | None]], since: datetime, title: str) -> Run:
    """The run that began after `since`, once it has ended."""
    with progress(title, total=1) as advance:
        ended = await until(
            latest,
            lambda run: _is_new(run, since) and run is not None and run.ended_at is not None,
            begun=lambda run: _is_new(run, since),
            waiting_for=title,
            see=lambda run: advance(len(run.done) / max(1, len(run.ranges)) if run and _is_new(run, since) else 0),
        )
    assert ended is not None, "a run that ended is there"
    return ended


async def not_refused(stores: Stores, queue: str, requests: Collection[str]) -> None:
    """
    Raises:
        Refused: a worker has parked one of these events, which came to this queue; says why.
    """
    for parked in await stores.parked.page(Which(queue=queue), limit=LATELY):
        if parked.message_id in requests:
            raise Refused(f"{parked.error} (parked in {parked.queue} as {parked.reason})")


def _is_new(run: Run | None, since: datetime) -> bool:
    return run is not None and run.started_at is not None and run.started_at >= since
