"""Circuit breakers (D11): a campaign that does harm stops by itself, with the reason.

What is looked at is what happened since the campaign began, or since it was last stopped by a breaker: whoever
resumes it starts with a clean slate, and a second trip ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.email import EmailState

#: A server has taken or refused these for good.
TRIED_STATES = frozenset({EmailState.SENT, EmailState.HARD_BOUNCED, EmailState.SOFT_BOUNCED, EmailState.FAILED})
MIN_TRIED = 500  #: shares of fewer emails say little
HARD_BOUNCES = 0.05  #: Zoho's limit
COMPLAINTS_WARNING, COMPLAINTS = 0.001, 0.003  #: Gmail: keep below 0.1 %, never reach 0.3 %
#: Ours, earlier than the others: a missing DKIM key is refused from the first email on, and so is all that follows.
MIN_SENDER_FAULTS, SENDER_FAULTS = 25, 0.05
RESUMES_AFTER = timedelta(hours=24)


class Rule(StrEnum):
    HARD_BOUNCES = "hard_bounces"
    COMPLAINTS = "complaints"
    SENDER_FAULTS = "sender_faults"  #: authentication, reputation, content: the mail is refused for what we are


#: What a day's rest may help with. A sender's fault is mended by people.
_PASSING = frozenset({Rule.HARD_BOUNCES, Rule.COMPLAINTS})


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a campaign's emails so far, each counted once."""

    tried: int = 0  #: taken or refused for good
    hard_bounced: int = 0  #: at once, or by a bounce mail after they were taken
    complaints: int = 0
    sender_faults: int = 0  #: failed for a reason in `domain.smtp_reply.OURS`

    def since(self, earlier: Counts) -> Counts:
        return Counts(**{each.name: getattr(self, each.name) - getattr(earlier, each.name) for each in fields(self)})


@dataclass(frozen=True, slots=True)
class Trip:
    """The last time that a breaker stopped the campaign; stored with it."""

    number: int  #: 1 for the first
    rule: Rule
    at: datetime  #: equal to the campaign's `status_at` for as long as nobody has moved it since
    counts: Counts  #: then


@dataclass(frozen=True, slots=True)
class Warn:
    """Tell people; the campaign goes on."""

    rule: Rule
    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    rule: Rule
    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """The second time: it never goes on."""

    rule: Rule
    reason: str


def may_trip(counts: Counts, last: Trip | None = None) -> bool:
    """Whether `tripped` may find something, of counts of which `tried` is only known to be at least that."""
    fresh = counts.since(last.counts) if last else counts
    enough = replace(fresh, tried=max(fresh.tried, MIN_TRIED))
    faults = fresh.sender_faults >= MIN_SENDER_FAULTS and fresh.sender_faults > SENDER_FAULTS * fresh.tried
    return faults or tripped(enough) is not None


def tripped(counts: Counts, last: Trip | None = None) -> Warn | Pause | Cancel | None:
    """What is to be done about a campaign that is being sent."""
    fresh = counts.since(last.counts) if last else counts
    for rule, breaks in _BREAKERS.items():
        if why := breaks(fresh):
            return _broken(rule, why, last)
    warning = _share(fresh.complaints, fresh.tried, "complaints", COMPLAINTS_WARNING, at_least=True)
    return Warn(Rule.COMPLAINTS, warning) if warning and fresh.tried >= MIN_TRIED else None


def resumes(last: Trip | None, paused_at: datetime | None, now: datetime) -> bool:
    """Whether a paused campaign goes on by itself: once, a day after a breaker paused it and nobody touched it."""
    if last is None or last.number > 1 or last.rule not in _PASSING:
        return False
    return paused_at == last.at and now - last.at >= RESUMES_AFTER


def _broken(rule: Rule, why: str, last: Trip | None) -> Pause | Cancel:
    if last is not None:
        return Cancel(rule, f"for the second time {why}")
    then = "it goes on by itself in 24 hours" if rule in _PASSING else "mend it"
    return Pause(rule, f"{why}; {then}, or resume it by hand")


def _hard_bounces(counts: Counts) -> str:
    enough = counts.tried >= MIN_TRIED
    return _share(counts.hard_bounced, counts.tried, "hard bounces", HARD_BOUNCES) if enough else ""


def _complaints(counts: Counts) -> str:
    enough = counts.tried >= MIN_TRIED
    return _share(counts.complaints, counts.tried, "complaints", COMPLAINTS, at_least=True) if enough else ""


def _sender_faults(counts: Counts) -> str:
    what = "emails refused for a fault on our side"
    enough = counts.sender_faults >= MIN_SENDER_FAULTS
    return _share(counts.sender_faults, counts.tried, what, SENDER_FAULTS) if enough else ""


_BREAKERS: dict[Rule, Callable[[Counts], str]] = {
    Rule.SENDER_FAULTS: _sender_faults,
    Rule.COMPLAINTS: _complaints,
    Rule.HARD_BOUNCES: _hard_bounces,
}


def _share(part: int, whole: int, what: str, limit: float, *, at_least: bool = False) -> str:
    """In words, when `part` is more than `limit` of `whole`, or with `at_least` just as much; else empty."""
    beyond = part >= limit * whole if at_least else part > limit * whole
    if not (whole and beyond and part):
        return ""
    return f"{part:,} {what} of {whole:,} ({part / whole:.1%}; the limit is {limit:.1%})"
