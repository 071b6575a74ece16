"""From the answer of a relay to the next state of a ledger row: retry, bounce or failure (R93-R95, D13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.email import DoubtReason, Email, EmailState, Outcome
from domain.smtp_reply import DEAD, OURS, Reason, Reply, verdict


class Wire(StrEnum):
    """How a try ended on the wire."""

    ANSWERED = "answered"  #: the relay gave a final reply
    UNKNOWN = "unknown"  #: the connection was lost after the final dot: it may have been taken
    NOT_SENT = "not_sent"  #: the connection was lost before the final dot: nothing can have been taken
    PUT_OFF = "put_off"  #: its destination is not to get more for now; with the reply, where it was told so itself


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one email."""

    email_id: str
    wire: Wire
    reply: Reply | None = None  #: of an answered one, and of one that was put off by it; None otherwise
    wait_s: float = 0  #: for how long it was put off


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """When a deferred email is due again. RFC 5321, 4.5.4.1; the steps are those of docs/sending.md."""

    delays_s: tuple[float, ...] = (900, 1800, 3600, 7200, 14400, 28800, 43200)  #: the last one repeats
    give_up_s: float = 72 * 3600  #: after the first try
    jitter: float = 0.2  #: each delay is spread by this share either way

    def next_at(self, attempts: int, first_tried_at: datetime, now: datetime, spread: float) -> datetime | None:
        """When to try again after `attempts` answered tries, or None when it is time to give up.

        `spread` is a number from 0 to 1 that places the delay within its jitter.
        """
        delay_s = self.delays_s[min(attempts, len(self.delays_s)) - 1]
        at = now + timedelta(seconds=delay_s * (1 + self.jitter * (2 * spread - 1)))
        return None if self.is_over(first_tried_at, at) else at

    def is_over(self, first_tried_at: datetime, at: datetime) -> bool:
        return at - first_tried_at > timedelta(seconds=self.give_up_s)


#: How a final 5xx is counted where it is neither ours nor passing (contracts.md, D13).
_COUNTED_HARD: frozenset[Reason] = DEAD | {Reason.BLOCKED}


def outcome(email: Email, attempt: Attempt, schedule: RetrySchedule, now: datetime, spread: float) -> Outcome:
    """The row's next state after a try.

    A mail that was not sent although its relay was there for others is put off: it may be what breaks connections.
    """
    if attempt.wire is Wire.UNKNOWN:
        detail = "the connection was lost after the final dot"
        return Outcome(email.id, EmailState.IN_DOUBT, now, reason=DoubtReason.REPLY_LOST, detail=detail)
    if attempt.wire is Wire.PUT_OFF:
        return _put_off(email, attempt, schedule, now)
    reply = attempt.reply or _BROKEN
    if reply.code < 400:
        return Outcome(email.id, EmailState.SENT, now, reply=reply)
    if reply.permanent:
        reason = verdict(reply).reason
        return Outcome(email.id, counted(reason, permanent=True), now, reason=reason, reply=reply)
    return _deferred(email, reply, schedule, now, spread)


def _put_off(email: Email, attempt: Attempt, schedule: RetrySchedule, now: datetime) -> Outcome:
    """It waits for its destination, without a try counted; not for ever, once its destination has told it so."""
    reply, next_at = attempt.reply, now + timedelta(seconds=attempt.wait_s)
    if reply and email.first_tried_at and schedule.is_over(email.first_tried_at, next_at):
        reason = verdict(reply).reason
        return Outcome(email.id, counted(reason, permanent=False), now, reason=reason, reply=reply, tried=False)
    return Outcome(
        email.id, EmailState.DEFERRED, now, reason=Reason.RATE_LIMITED, reply=reply, next_at=next_at, tried=False
    )


#: Our own words for a try that got no answer.
_BROKEN = Reply(451, "4.4.2 the connection broke at this mail, twice")


def _deferred(email: Email, reply: Reply, schedule: RetrySchedule, now: datetime, spread: float) -> Outcome:
    reason = verdict(reply).reason
    next_at = schedule.next_at(email.attempts + 1, email.first_tried_at or now, now, spread)
    if next_at is None:
        return Outcome(email.id, counted(reason, permanent=False), now, reason=reason, reply=reply)
    return Outcome(email.id, EmailState.DEFERRED, now, reason=reason, reply=reply, next_at=next_at)


def counted(reason: Reason, *, permanent: bool) -> EmailState:
    """The final state of an email that was not delivered for this reason (the table of contracts.md)."""
    if permanent and reason in _COUNTED_HARD:
        return EmailState.HARD_BOUNCED
    if permanent and reason in OURS:
        return EmailState.FAILED
    return EmailState.SOFT_BOUNCED
