"""Which of several relays gets the next mails: by weight among those that are well, backups after them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.assembly import OutgoingMail
from domain.delivery import Attempt

REST_S, MOST_REST_S = 10.0, 300.0  #: after the first failure, and at most; twice as long after each further one
JITTER = 0.2  #: a rest is spread by this share either way


class Delivers(Protocol):
    def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]: ...


@dataclass(eq=False, slots=True)
class Member:
    """One relay of several, and how it is doing."""

    name: str
    relay: Delivers
    probe: Callable[[], Awaitable[None]]  #: logs in, or raises RelayUnavailable
    weight: int = 1  #: its share of the mails, against the weights of the others
    backup: bool = False  #: only while none of the others is well
    failures: int = 0  #: since it answered a mail last
    rests: bool = False  #: until it lets us in
    rests_until_s: float = 0
    credit: int = field(default=0)  #: what it is owed by its weight
    probing: asyncio.Task[None] | None = None

    @property
    def is_well(self) -> bool:
        return not self.rests

    def failed(self, now_s: float, spread: float) -> None:
        """It rests: 10 s, 20 s, … 5 min, ±20 %. `spread` is a number from 0 to 1.

        Batches that fail together count as one failure.
        """
        if now_s >= self.rests_until_s:
            rest_s = min(MOST_REST_S, REST_S * 2.0 ** min(self.failures, 10)) * (1 + JITTER * (2 * spread - 1))
            self.failures, self.rests_until_s = self.failures + 1, now_s + rest_s
        self.rests = True

    def let_us_in(self) -> None:
        """It gets mails again. What it failed counts until it answers one: one that takes logins and no mail rests
        ever longer."""
        self.rests = False

    def answered(self) -> None:
        self.failures, self.rests, self.rests_until_s = 0, False, 0


def shares(
    mails: Sequence[OutgoingMail], members: Sequence[Member], without: Collection[Member]
) -> dict[Member, list[OutgoingMail]]:
    """Who gets which mails; nobody when all are tried already."""
    found: dict[Member, list[OutgoingMail]] = {}
    if fit := _fit([each for each in members if each not in without]):
        for mail in mails:
            found.setdefault(_next(fit), []).append(mail)
    return found


def _fit(members: Sequence[Member]) -> Sequence[Member]:
    """Those that are well, backups after the others; where none is well they are all tried, in the same order."""
    for well in (True, False):
        for backup in (False, True):
            if fit := [each for each in members if each.is_well is well and each.backup is backup]:
                return fit
    return ()


def _next(members: Sequence[Member]) -> Member:
    """Each gains its weight, the richest pays for all: exact shares over time, evenly spread, for small batches too."""
    for member in members:
        member.credit += member.weight
    chosen = max(members, key=lambda each: each.credit)
    chosen.credit -= sum(each.weight for each in members)
    return chosen
