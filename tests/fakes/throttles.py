"""Throttles in memory, on a clock that stands still until it is told to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.throttle import Ask, Grant, Limits, Standing, answer
from domain.warm_up import DayGrant, WarmUp, permitted


class MemoryThrottles:
    def __init__(self, *standings: Standing, now_ms: float = 1_772_442_000_000) -> None:
        self.now_ms = now_ms
        self.stored: dict[str, Standing] = {each.name: each for each in standings}
        self.warming: dict[str, WarmUp] = {}

    def pass_time(self, seconds: float) -> None:
        self.now_ms += 1000 * seconds

    async def take(self, ask: Ask) -> Grant:
        self.stored[ask.name], grant = answer(self._of(ask.name), ask, self.now_ms)
        return grant

    async def warm_up(self, domain: str, wanted: int, caps: Sequence[int]) -> DayGrant:
        self.warming[domain], grant = permitted(self.warming.get(domain), domain, wanted, caps, self.now_ms)
        return grant

    async def limited(self) -> frozenset[str]:
        return frozenset(name for name, each in self.stored.items() if each.rate is not None or each.override)

    async def override(self, name: str, limits: Limits | None) -> None:
        self.stored[name] = replace(self._of(name), override=limits)

    async def recover(self, name: str) -> None:
        if known := self.stored.get(name):
            self.stored[name] = replace(known, rate=None, good=0, strikes=0, until_ms=0, proved=True)

    async def all(self) -> Sequence[Standing]:
        return [self.stored[name] for name in sorted(self.stored)]

    async def warm_ups(self) -> Sequence[WarmUp]:
        return [self.warming[domain] for domain in sorted(self.warming)]

    def _of(self, name: str) -> Standing:
        return self.stored.get(name, Standing(name))
