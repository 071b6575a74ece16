"""How many parked messages there are, for /metrics of the scheduler's processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import Gauge

from messages.base import Message

PARKED_COUNTS_S = 15.0


class Tallied(Protocol):
    async def tally(self) -> Mapping[tuple[str, str], int]:
        """How many there are, by queue and reason."""


@dataclass(frozen=True, slots=True)
class ParkedCounts:
    """Sets the gauge to what is stored: every process tells the same, so take the greatest, not the sum."""

    parked: Tallied
    gauge: Gauge

    async def __call__(self) -> Sequence[Message]:
        found = await self.parked.tally()
        self.gauge.clear()
        for (queue, reason), count in found.items():
            self.gauge.labels(queue, reason).set(count)
        return []
