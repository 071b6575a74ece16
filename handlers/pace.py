"""How fast this process sends: which mails of a batch may go now, which wait, and which are put off (X5).

One `Pace` serves all batches of a process. Where nothing is limited it costs a look-up in memory.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TypeAlias

from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.destinations import domain_of, throttles_of
from domain.pacing import WARM_UP
from domain.throttle import asks_to_slow_down
from handlers.permit_desk import PermitDesk

_STEP_S, _LONG_STEP_S = 0.02, 0.25  #: the shortest and the longest sleep between two looks

_Waiting: TypeAlias = tuple[OutgoingMail, tuple[str, ...]]  #: with the names of all its throttles


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of a batch."""

    ready: Sequence[OutgoingMail] = ()  #: may go now
    put_off: Sequence[tuple[OutgoingMail, float]] = ()  #: not before so many seconds


@dataclass(slots=True)
class _Sorted:
    """A batch as it is gone through."""

    budget: Mapping[str, int]  #: permits, by throttle
    used: Counter[str] = field(default_factory=Counter)
    ready: list[OutgoingMail] = field(default_factory=list)
    put_off: list[tuple[OutgoingMail, float]] = field(default_factory=list)
    rest: list[_Waiting] = field(default_factory=list)

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Those that have no permit left."""
        return [name for name in names if name in self.budget and self.used[name] >= self.budget[name]]


@dataclass(frozen=True, slots=True)
class Pace:
    desk: PermitDesk
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    relay: str = "relay:default"  #: its throttle
    throttles_of: Callable[[str], tuple[str, ...]] = throttles_of  #: those of a recipient's domain

    async def portions(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Portion]:
        """The batch in parts, each when it may go. Ends early when `keep_going` says so.

        What is in no part did not go: also those whose sending domain has used up its day of warm-up.
        """
        who, waiting = object(), [(mail, self._names(mail)) for mail in mails]
        campaign_id = _campaign_of(mails)
        patient_until_s = self.desk.elapsed() + self.desk.pacing.patience_s
        try:
            while waiting and keep_going():
                await self.desk.look()
                wanted = self._wanted(waiting)
                self.desk.want(who, campaign_id, wanted)
                await self.desk.ask(wanted)
                found = self._sorted(who, campaign_id, waiting, impatient=self.desk.elapsed() >= patient_until_s)
                waiting = found.rest
                if found.ready or found.put_off:
                    self.desk.want(who, campaign_id, self._wanted(waiting))
                    self.desk.step_back(who)
                    yield Portion(found.ready, found.put_off)
                else:
                    self.desk.waits()
                    await self.sleep(self._wait_s(waiting))
            await self.desk.report()
        finally:
            self.desk.leave(who)

    async def unsent(self, mails: Iterable[OutgoingMail]) -> None:
        """Take note of mails that were ready and did not go: a warm-up counts only those that went."""
        if self.desk.pacing.warm_up_caps:
            for name, count in Counter(map(_warm_up_of, mails)).items():
                await self.desk.give_back(name, count)

    def told(self, mail: OutgoingMail, attempt: Attempt) -> Attempt:
        """Take note of a reply. One that asks to slow down counts as no try: the mail is put off."""
        names = self._names(mail)
        self.desk.tried(names)
        if attempt.wire is not Wire.ANSWERED or attempt.reply is None:
            return attempt
        if asks_to_slow_down(attempt.reply):
            return replace(attempt, wire=Wire.PUT_OFF, wait_s=self._later(self.desk.slow(names[-1])))
        if attempt.reply.code < 400:
            self.desk.good(names)
        return attempt

    def _sorted(self, who: object, campaign_id: str, waiting: Sequence[_Waiting], *, impatient: bool) -> _Sorted:
        now_s, wanted = self.desk.elapsed(), self._wanted(waiting)
        found = _Sorted({name: self.desk.of(name).share(who, campaign_id, now_s) for name in wanted})
        pauses_s = {name: pause_s for name in wanted if (pause_s := self.desk.of(name).pause_s(now_s))}
        for mail, names in waiting:
            lacking = found.lacking(names)
            if any(name in pauses_s and name.startswith(WARM_UP) for name in lacking):
                continue  # the day is used up: it stays in its batch, which is given back
            if pause_s := max((pauses_s.get(name, 0) for name in lacking), default=0):
                found.put_off.append((mail, self._later(pause_s)))
            elif not lacking:
                found.used.update(name for name in names if name in found.budget)
                found.ready.append(mail)
            elif impatient and lacking != [self.relay]:
                found.put_off.append((mail, self.desk.pacing.put_off_s * (0.5 + self.desk.spread())))
            else:
                found.rest.append((mail, names))
        for name, count in found.used.items():
            self.desk.of(name).use(who, campaign_id, count)
        return found

    def _names(self, mail: OutgoingMail) -> tuple[str, ...]:
        """All throttles of a mail; the last one is slowed down when its servers ask for it."""
        pacing = self.desk.pacing
        warm_up = (_warm_up_of(mail),) if pacing.warm_up_caps else ()
        return (self.relay, *warm_up, *self.throttles_of(domain_of(mail.recipient)))

    def _wanted(self, waiting: Iterable[_Waiting]) -> Mapping[str, int]:
        """How many mails wait, by the throttles that limit them now."""
        if not self.desk.is_limiting:
            return {}
        counts = Counter(chain.from_iterable(names for _, names in waiting))
        return {name: count for name, count in counts.items() if self.desk.limits(name)}

    def _wait_s(self, waiting: Sequence[_Waiting]) -> float:
        now_s = self.desk.elapsed()
        next_s = min((self.desk.of(name).wait_s(now_s) for name in self._wanted(waiting)), default=0)
        return min(_LONG_STEP_S, max(_STEP_S, next_s))

    def _later(self, pause_s: float) -> float:
        """Some time after the pause: not all at its very end."""
        return pause_s * (1 + self.desk.spread() / 4)


def _warm_up_of(mail: OutgoingMail) -> str:
    """The domain that people see, as the gate asks (warm_up_gate.py): bounces may go to another one."""
    return WARM_UP + (mail.from_domain or domain_of(mail.sender))


def _campaign_of(mails: Sequence[OutgoingMail]) -> str:
    """A batch is of one campaign; an email's id begins with it."""
    return mails[0].email_id.partition(":")[0] if mails else ""
