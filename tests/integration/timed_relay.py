"""A relay that writes down when each mail came: what limits, fairness and lanes come to is counted at the sink."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.integration.scripted_relay import ScriptedRelay
from tests.waiting import LONGEST_S


@dataclass(frozen=True, slots=True)
class Arrival:
    at_s: float  #: on the monotonic clock
    recipient: str


class Arrivals(list[tuple[str, str, bytes]]):
    """Mails as the relay keeps them, and their moments."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[Arrival] = []

    def append(self, mail: tuple[str, str, bytes]) -> None:
        super().append(mail)
        self.moments.append(Arrival(time.monotonic(), mail[1]))

    def between(self, start_s: float, end_s: float) -> list[str]:
        """Who got a mail in this time."""
        return [each.recipient for each in self.moments if start_s <= each.at_s < end_s]

    async def until(self, wanted: Callable[[str], bool], count: int = 1, timeout_s: float = LONGEST_S) -> float:
        """When so many mails to such people had come."""
        async with asyncio.timeout(timeout_s):
            while len(found := [each.at_s for each in self.moments if wanted(each.recipient)]) < count:
                await asyncio.sleep(0.02)
        return found[count - 1]


@asynccontextmanager
async def timed_relay() -> AsyncIterator[tuple[int, Arrivals]]:
    """Its port, and what arrives there."""
    arrivals = Arrivals()
    async with ScriptedRelay(mails=arrivals) as relay:
        yield relay.port, arrivals
