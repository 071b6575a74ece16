"""Emails whose destination is to get no more for now (issue 3, 6): they wait without a try counted, not for ever."""

from __future__ import annotations

from domain.delivery import Attempt, RetrySchedule, Wire, outcome
from domain.email import EmailState, Outcome
from domain.smtp_reply import Reply
from tests.builders import NOW, an_email, later

BUSY = Reply(421, "4.7.0 try again later")
DAYS_S = 72 * 3600


def put_off(reply: Reply | None, tried_s_ago: float | None) -> Outcome:
    first = None if tried_s_ago is None else later(-tried_s_ago)
    row = an_email(state=EmailState.DEFERRED, first_tried_at=first)
    attempt = Attempt(row.id, Wire.PUT_OFF, reply, wait_s=30)
    return outcome(row, attempt, RetrySchedule(), NOW, 0.5)


def test_it_waits_without_a_try_counted() -> None:
    found = put_off(None, None)
    assert (found.state, found.next_at, found.reason) == (EmailState.DEFERRED, later(30), "rate_limited")
    assert not found.tried


def test_what_its_server_refused_for_three_days_has_soft_bounced() -> None:
    assert put_off(BUSY, DAYS_S - 60).state is EmailState.DEFERRED
    ended = put_off(BUSY, DAYS_S)
    assert (ended.state, ended.reason, ended.reply) == (EmailState.SOFT_BOUNCED, "rate_limited", BUSY)


def test_what_we_hold_back_ourselves_may_wait_longer() -> None:
    """A domain that warms up sends its last mails days later."""
    assert put_off(None, 9 * DAYS_S).state is EmailState.DEFERRED
