"""Waiting for something to become true, instead of sleeping and hoping."""

import asyncio
import time
from collections.abc import Awaitable, Callable

POLL_S = 0.05
#: A limit that only what never comes reaches, on the busiest machine: nobody waits that long for what does come.
LONGEST_S = 60.0


def wait_for(condition: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Returns once the condition holds; fails naming `what` after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s:g} s")
        time.sleep(POLL_S)


async def wait_until(condition: Callable[[], Awaitable[bool]], *, timeout_s: float, what: str) -> None:
    """The same for conditions that have to be awaited."""
    deadline = time.monotonic() + timeout_s
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s:g} s")
        await asyncio.sleep(POLL_S)
