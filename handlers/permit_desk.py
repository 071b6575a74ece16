"""Where this process gets its permits: one question a second and throttle, for all of its batches (X5)."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from domain.errors import StoreUnavailable
from domain.pacing import WARM_UP, Pacing
from domain.throttle import Ask, Limits, suspension_s
from domain.warm_up import DayGrant
from handlers.permits import Permits, Run
from handlers.ports.sending import Throttles

_LOOK_EVERY_S = 1.0  #: for what others slowed down or set
_HELD_UP_S = 2.0  #: while a batch waited for a permit within this time, those here are held up
_ANSWER_S = 5.0  #: a throttle that does not answer for so long gives nothing

T = TypeVar("T")


@dataclass(slots=True)
class PermitDesk:
    throttles: Throttles
    worker: str  #: names this process
    pacing: Pacing
    spread: Callable[[], float]  #: numbers from 0 to 1, for jitter
    elapsed: Callable[[], float] = time.monotonic  #: seconds, from any beginning
    _limited: frozenset[str] = frozenset()  #: beyond the settings
    _looked_s: float = -math.inf
    _permits: dict[str, Permits] = field(default_factory=dict)
    _waited_s: float = -math.inf  #: when a batch waited last
    _asking: set[str] = field(default_factory=set)
    _meter: _Meter = field(default_factory=lambda: _Meter())

    @property
    def is_limiting(self) -> bool:
        return bool(self._limited or self.pacing.limits or self.pacing.warm_up_caps)

    def limits(self, name: str) -> bool:
        paced = self.pacing.limits.get(name, Limits()).per_s is not None  # connections are ConnectionShares' business
        return name in self._limited or paced or name.startswith(WARM_UP)

    def of(self, name: str) -> Permits:
        return self._permits.setdefault(name, Permits())

    def want(self, who: object, campaign_id: str, wanted: Mapping[str, int]) -> None:
        """So many mails of a batch wait, by throttle."""
        for name, permits in self._permits.items():
            permits.want(who, campaign_id, wanted.get(name, 0))
        for name in wanted.keys() - self._permits.keys():
            self.of(name).want(who, campaign_id, wanted[name])

    def step_back(self, who: object) -> None:
        """A batch is busy with what it got; when it waits again it is last."""
        for permits in self._permits.values():
            permits.step_back(who)

    def leave(self, who: object) -> None:
        """A batch wants nothing any more."""
        for permits in self._permits.values():
            permits.leave(who)

    def waits(self) -> None:
        """A batch has no permit now."""
        self._waited_s = self.elapsed()

    def holds_up(self) -> bool:
        """Whether throttles make batches wait here."""
        return self.elapsed() - self._waited_s < _HELD_UP_S

    def tried(self, names: Iterable[str]) -> None:
        self._meter.count(names, self.elapsed())

    def good(self, names: Iterable[str]) -> None:
        """A mail was taken."""
        for name in names:
            if name in self._permits:
                self._permits[name].good += 1

    def slow(self, name: str) -> float:
        """A server asks to slow down; for how many seconds. At once here; others learn of it when it is reported."""
        permits, now_s = self.of(name), self.elapsed()
        if pause_s := permits.pause_s(now_s):
            return pause_s
        pause_s = suspension_s(1, self.spread())
        permits.slow += 1
        permits.close(now_s + pause_s)
        self._limited |= {name}
        return pause_s

    async def look(self) -> None:
        """Learn what servers slowed down for any worker, and what was set by hand; at most once a second.

        While MongoDB is away, what was known last counts.
        """
        if self.elapsed() - self._looked_s < _LOOK_EVERY_S:
            return
        self._looked_s = self.elapsed()
        found = await _answer(self.throttles.limited())
        if found is not None:
            self._limited = found | {name for name, each in self._permits.items() if each.slow}
            self._forget()

    async def ask(self, names: Iterable[str]) -> None:
        """Get permits for what all batches here want of these throttles, where it is time to."""
        for name in names:
            permits = self.of(name)
            if permits.slow or (permits.wanted and permits.is_to_ask(self.elapsed())):
                await self._asked(name, permits.wanted)

    async def give_back(self, name: str, count: int) -> None:
        """So many mails were permitted by a warm-up and did not go: the day is not to be used up by them."""
        await _answer(self.throttles.give_back(name.removeprefix(WARM_UP), count))
        self.of(name).reopen()

    async def report(self) -> None:
        """Tell the others at once which servers asked to slow down."""
        for name in [name for name, each in self._permits.items() if each.slow]:
            await self._asked(name, 0)

    async def _asked(self, name: str, wanted: int) -> None:
        if name in self._asking:
            return
        self._asking.add(name)
        try:
            await (self._warmed_up if name.startswith(WARM_UP) else self._granted)(name, wanted)
        finally:
            self._asking.discard(name)

    async def _granted(self, name: str, wanted: int) -> None:
        permits, used = self.of(name), self._meter.per_s(name)
        good, slow = permits.good, permits.slow
        often = permits.is_often_asked(self.elapsed())
        more = max(wanted, round(used)) if wanted and often else wanted
        limits = self.pacing.limits.get(name, Limits())
        campaigns = permits.campaigns
        ask = Ask(name, self.worker, more, limits, used, good, slow, self.spread(), campaigns)
        grant = await _answer(self.throttles.take(ask))
        now_s = self.elapsed()
        if grant is None:
            return permits.granted(Run(now_s, 0, 0), wanted=1, now_s=now_s)
        permits.good, permits.slow = permits.good - good, permits.slow - slow
        most = max(grant.parts, default=1.0)
        permits.parts = {campaign_id: part / most for campaign_id, part in zip(campaigns, grant.parts, strict=False)}
        if grant.pause_s:
            return permits.close(now_s + grant.pause_s)
        run = Run(now_s + grant.start_s, grant.gap_s, grant.permits)
        return permits.granted(run, wanted=more, now_s=now_s) if more else None

    async def _warmed_up(self, name: str, wanted: int) -> None:
        permits = self.of(name)
        found = _answer(self.throttles.warm_up(name.removeprefix(WARM_UP), wanted, self.pacing.warm_up_caps))
        grant = await found or DayGrant(0)
        now_s = self.elapsed()
        permits.granted(Run(now_s, 0, grant.permits, kept_s=math.inf), wanted=wanted, now_s=now_s)
        if grant.wait_s and not grant.permits:
            permits.close(now_s + grant.wait_s)

    def _forget(self) -> None:
        """What limits nothing any more: small domains are many."""
        for name in [name for name, each in self._permits.items() if not (self.limits(name) or each.wants)]:
            del self._permits[name]


class _Meter:
    """How many mails went each way in this second and in the one before."""

    def __init__(self) -> None:
        self._second = 0
        self._now: Counter[str] = Counter()
        self._before: Counter[str] = Counter()

    def count(self, names: Iterable[str], elapsed_s: float) -> None:
        if (second := int(elapsed_s)) != self._second:
            self._before = self._now if second == self._second + 1 else Counter()
            self._now, self._second = Counter(), second
        self._now.update(names)

    def per_s(self, name: str) -> float:
        return float(max(self._now[name], self._before[name]))


async def _answer(call: Awaitable[T]) -> T | None:
    """None while MongoDB does not answer: a pace that is not known is no reason to lose a batch."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            return await call
    except (StoreUnavailable, TimeoutError):
        return None
