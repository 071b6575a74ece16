"""How fast mails may go one way (X5): a rate that all workers share, slowed down and recovered by what servers say.

A throttle hands out moments. Each permit is a moment of its own, `1 / rate` after the one before it, whoever got that
one: however many workers ask, no second holds more permits than the rate. A worker asks about once a second, for as
many mails as it has, and gets at most its share of the next `HORIZON_S`: campaigns get equal parts, and of each the
workers that have mails of it waiting. Who got all that it wanted has no part: nothing is kept for who is idle.

Times are milliseconds on the store's clock: the clocks of workers may differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from domain.smtp_reply import Reason, Reply, verdict

HORIZON_S = 1.25  #: how far ahead moments are given away: the second that a worker asks for, and time for the asking
KEPT_S = 0.5  #: a moment that nobody took for so long is lost; before, a gap between two batches costs nothing
LEAD_S = 0.25  #: while less is given away, workers get as much as if they had never asked: it must not run dry
LIVE_S = 3.0  #: a worker that did not ask for this long has no share
FLOOR_PER_S = 0.2  #: never slower; also the pace of the probes after a pause, until one is taken
GOOD_PER_STEP = 100  #: mails taken in a row that make the rate one mail per second higher
FREE_PER_S = 1000.0  #: a throttle without a limit of its own that has recovered to this is free again
PAUSE_S, MOST_PAUSE_S = 30.0, 1800.0  #: the first pause; each further one is twice as long (deliverability.md, 7)
JITTER = 0.2  #: a pause is spread by this share either way


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator allows one way; None is as much as the other side takes."""

    per_s: float | None = None
    connections: int | None = None  #: of all workers together


@dataclass(frozen=True, slots=True)
class Ask:
    """What one worker wants of a throttle, and what the servers said since it asked last."""

    name: str  #: "relay:<name>", "group:<group>" or "domain:<domain>"
    worker: str
    wanted: int = 0  #: mails; 0 only reports
    limits: Limits = Limits()  #: as configured; an override that is stored stands above it
    used_per_s: float = 0  #: how fast this worker has been sending
    good: int = 0  #: mails taken
    slow: int = 0  #: replies that asked to slow down
    spread: float = 0.5  #: a number from 0 to 1 that places a pause within its jitter
    campaigns: tuple[str, ...] = ("",)  #: whose mails they are, each named once


@dataclass(frozen=True, slots=True)
class Grant:
    """Permits, the first `start_s` from now and each further one `gap_s` later."""

    permits: int
    start_s: float = 0  #: below 0: moments that went by unused
    gap_s: float = 0
    pause_s: float = 0  #: nothing goes this way for so long: the servers asked for it
    workers: int = 1  #: that share the throttle, the one that asked included
    free: bool = False  #: whether there is no limit now
    parts: tuple[float, ...] = ()  #: of each campaign that was asked for, the part of it that is this worker's


@dataclass(frozen=True, slots=True)
class Taker:
    """A worker that asked lately."""

    worker: str
    at_ms: float
    got: int
    need: int = 0  #: mails more that it wanted
    campaigns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What is kept of one throttle."""

    name: str
    next_ms: float = 0  #: the first moment that nobody has
    rate: float | None = None  #: what it was slowed down to, per second; None: as its limits say
    good: int = 0  #: mails taken since the rate rose last
    strikes: int = 0  #: pauses that were not made up for
    until_ms: float = 0  #: end of the last pause
    proved: bool = True  #: whether a mail was taken since that pause
    takers: tuple[Taker, ...] = ()
    override: Limits | None = None  #: set by hand
    limits: Limits = field(default=Limits())  #: those that were in force when somebody asked last


def answer(standing: Standing, ask: Ask, now_ms: float) -> tuple[Standing, Grant]:
    """What a worker gets, and how the throttle stands afterwards."""
    limits = standing.override or ask.limits
    told = _told(replace(standing, limits=limits, takers=_live(standing, now_ms)), ask, now_ms)
    return _granted(told, ask, now_ms)


def suspension_s(strikes: int, spread: float) -> float:
    """How long the pause after the `strikes`th strike is: 30 s, 60 s, … 30 min, with jitter."""
    return min(MOST_PAUSE_S, PAUSE_S * 2.0 ** min(strikes - 1, 10)) * (1 + JITTER * (2 * spread - 1))


#: Said of this mail or this sender: waiting is no answer, or an answer for this recipient alone.
_NOT_OF_THE_PACE = frozenset(
    {
        Reason.AUTH_FAILURE, Reason.MAILBOX_FULL, Reason.MAILBOX_DISABLED, Reason.USER_UNKNOWN, Reason.SENDER_REJECTED,
        Reason.SPAM_CONTENT, Reason.VIRUS_CONTENT, Reason.MESSAGE_TOO_BIG, Reason.TLS_FAILURE,
    }
)  # fmt: skip
_GREY = ("greylist", "graylist", "grey-list", "gray-list", "greylisted", "grey list", "gray list")


def asks_to_slow_down(reply: Reply) -> bool:
    """Whether a reply is about our pace or standing, so that all mails of its group wait (classification.md, 4.3).

    421 anywhere, 4.7.x and 4.3.2; not what is said of one mailbox (4.2.x), and not greylisting, which wants each
    recipient tried again.
    """
    if not 400 <= reply.code < 500 or any(word in reply.text.lower() for word in _GREY):
        return False
    if verdict(reply).reason in _NOT_OF_THE_PACE:
        return False
    enhanced = reply.enhanced or ""
    return reply.code == 421 or enhanced.startswith("4.7.") or enhanced == "4.3.2"


def _told(standing: Standing, ask: Ask, now_ms: float) -> Standing:
    """What the replies change. Those that come during a pause were on their way before it: they change nothing."""
    if now_ms < standing.until_ms:
        return standing
    if ask.slow:
        return _slowed(standing, ask, now_ms)
    return _recovered(standing, ask.good) if ask.good else standing


def _slowed(standing: Standing, ask: Ask, now_ms: float) -> Standing:
    """Half as fast as it was, after a pause."""
    used = ask.used_per_s + sum(each.got for each in standing.takers if each.worker != ask.worker)
    known = [rate for rate in (standing.rate, standing.limits.per_s, used or None) if rate is not None]
    strikes = standing.strikes + 1
    return replace(
        standing,
        rate=max(FLOOR_PER_S, min(known, default=0) / 2),
        strikes=strikes,
        until_ms=now_ms + 1000 * suspension_s(strikes, ask.spread),
        proved=False,
        good=0,
    )


def _recovered(standing: Standing, good: int) -> Standing:
    steps, left = divmod(standing.good + good, GOOD_PER_STEP)
    rate = None if standing.rate is None else standing.rate + steps
    limit = FREE_PER_S if standing.limits.per_s is None else standing.limits.per_s
    if rate is None or rate >= limit:
        return replace(standing, rate=None, good=0, strikes=0, proved=True)
    return replace(standing, rate=rate, good=left, strikes=max(0, standing.strikes - steps), proved=True)


def _granted(standing: Standing, ask: Ask, now_ms: float) -> tuple[Standing, Grant]:
    others = tuple(each for each in standing.takers if each.worker != ask.worker)
    workers = len(others) + 1
    if now_ms < standing.until_ms:
        standing = replace(standing, takers=others)
        pause_s = (standing.until_ms - now_ms) / 1000
        return standing, Grant(0, pause_s=pause_s, workers=workers)
    per_s = _pace(standing)
    if per_s is None:
        taken = _taking(standing, others, ask, ask.wanted, now_ms)
        return taken, Grant(ask.wanted, workers=workers, free=True)
    gap_ms = 1000 / per_s
    first_ms = standing.next_ms if standing.next_ms >= now_ms - 1000 * KEPT_S else now_ms
    room = max(0, math.ceil((now_ms + 1000 * HORIZON_S - first_ms) / gap_ms))
    parts, share = _share(per_s, ask, [each for each in others if each.need], _since_s(standing, ask, first_ms, now_ms))
    got = min(ask.wanted, room, share)
    taken = replace(_taking(standing, others, ask, got, now_ms), next_ms=first_ms + got * gap_ms)
    return taken, Grant(got, (first_ms - now_ms) / 1000, gap_ms / 1000, workers=workers, parts=parts)


def _pace(standing: Standing) -> float | None:
    probing = None if standing.proved else FLOOR_PER_S
    known = [rate for rate in (standing.rate, standing.limits.per_s, probing) if rate is not None]
    return min(known, default=None)


def _since_s(standing: Standing, ask: Ask, first_ms: float, now_ms: float) -> float:
    """For how long a worker gets its share: since it asked last, so that it does not matter who asks first."""
    if first_ms < now_ms + 1000 * LEAD_S:
        return HORIZON_S
    asked_ms = min((each.at_ms for each in standing.takers if each.worker == ask.worker), default=0.0)
    return min(HORIZON_S, (now_ms - asked_ms) / 1000)


def _share(per_s: float, ask: Ask, needy: Sequence[Taker], since_s: float) -> tuple[tuple[float, ...], int]:
    """What part of each campaign is this worker's, and its permits: by these parts, or what is left to it if more."""
    parts = tuple(1 / (1 + sum(of in each.campaigns for each in needy)) for of in ask.campaigns)
    campaigns = len({*ask.campaigns, *chain.from_iterable(each.campaigns for each in needy)})
    fair = per_s * since_s * (math.fsum(parts) / campaigns)
    left = per_s * HORIZON_S - sum(each.need for each in needy)
    return parts, max(1, math.floor(fair + 0.5), math.ceil(left))


def _taking(standing: Standing, others: tuple[Taker, ...], ask: Ask, got: int, now_ms: float) -> Standing:
    me = (Taker(ask.worker, now_ms, got, ask.wanted - got, ask.campaigns),) if ask.wanted else ()
    return replace(standing, takers=(*others, *me))


def _live(standing: Standing, now_ms: float) -> tuple[Taker, ...]:
    return tuple(each for each in standing.takers if each.at_ms > now_ms - 1000 * LIVE_S)
