"""Throttles in memory, on a clock that stands still until it is told to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.connection_shares import ConnectionAsk, Holder, shared
from domain.throttle import Ask, Grant, Limits, Standing, answer
from domain.warm_up import DayGrant, WarmUp, day_over_s, given_back, permitted


class MemoryThrottles:
    def __init__(self, *standings: Standing, now_ms: float = 1_772_442_000_000) -> None:
        self.now_ms = now_ms
        self.stored: dict[str, Standing] = {each.name: each for each in standings}
        self.warming: dict[str, WarmUp] = {}
        self.holders: dict[str, tuple[Holder, ...]] = {}  #: of connections, by relay

    def pass_time(self, seconds: float) -> None:
        self.now_ms += 1000 * seconds

    async def take(self, ask: Ask) -> Grant:
        self.stored[ask.name], grant = answer(self._of(ask.name), ask, self.now_ms)
        return grant

    async def warm_up(self, domain: str, wanted: int, caps: Sequence[int]) -> DayGrant:
        self.warming[domain], grant = permitted(self.warming.get(domain), domain, wanted, caps, self.now_ms)
        return grant

    async def give_back(self, domain: str, count: int) -> None:
        if known := self.warming.get(domain):
            self.warming[domain] = given_back(known, count, self.now_ms)

    async def day_over(self, domain: str, caps: Sequence[int]) -> float:
        known = self.warming.get(domain)
        return day_over_s(known, caps, self.now_ms) if known else 0.0

    async def limited(self) -> frozenset[str]:
        return frozenset(name for name, each in self.stored.items() if each.rate is not None or each.override)

    async def connect(self, ask: ConnectionAsk) -> int | None:
        standing, holders = self._of(ask.name), self.holders.get(ask.name, ())
        limits = standing.override or ask.limits
        if limits.connections is None and not holders:
            return None
        self.stored[ask.name] = replace(standing, limits=limits)
        self.holders[ask.name], allowed = shared(holders, ask, limits.connections, self.now_ms)
        return allowed

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
