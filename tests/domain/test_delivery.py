"""From reply to state: the table of contracts.md (D13) and the retry schedule of classification.md 4.2."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.delivery import Attempt, RetrySchedule, Wire, counted, outcome
from domain.email import Email, EmailState, Outcome
from domain.smtp_reply import DEAD, OURS, Reason, Reply
from tests.builders import NOW, an_email, later

S = EmailState
SOFT_ALWAYS = set(Reason) - DEAD - OURS - {Reason.BLOCKED}
HOUR_S = 3600


def ended(reply: Reply, email: Email | None = None) -> Outcome:
    row = email or an_email()
    return outcome(row, Attempt(row.id, Wire.ANSWERED, reply), RetrySchedule(), NOW, 0.5)


@pytest.mark.parametrize("reason", Reason)
def test_how_a_final_refusal_is_counted(reason: Reason) -> None:
    if reason in DEAD or reason is Reason.BLOCKED:
        assert counted(reason, permanent=True) is S.HARD_BOUNCED
    elif reason in OURS:
        assert counted(reason, permanent=True) is S.FAILED
    else:
        assert counted(reason, permanent=True) is S.SOFT_BOUNCED
    assert counted(reason, permanent=False) is S.SOFT_BOUNCED


@pytest.mark.parametrize(
    ("reply", "state", "reason"),
    [
        (Reply(250, "2.0.0 ok"), S.SENT, None),
        (Reply(550, "5.1.1 no such user"), S.HARD_BOUNCED, Reason.USER_UNKNOWN),
        (Reply(550, "5.7.1 blocked by a block list"), S.HARD_BOUNCED, Reason.BLOCKED),
        (Reply(552, "5.2.2 mailbox full"), S.SOFT_BOUNCED, Reason.MAILBOX_FULL),
        (Reply(550, "5.7.26 DMARC"), S.FAILED, Reason.AUTH_FAILURE),
        (Reply(554, "5.7.1 spam"), S.FAILED, Reason.SPAM_CONTENT),
        (Reply(451, "4.3.0 later"), S.DEFERRED, Reason.REMOTE_ERROR),
        (Reply(421, "closing"), S.DEFERRED, Reason.RATE_LIMITED),
    ],
)
def test_a_reply_moves_the_row(reply: Reply, state: EmailState, reason: Reason | None) -> None:
    found = ended(reply)
    assert (found.state, found.reason, found.reply) == (state, reason, reply)
    assert (found.next_at is not None) == (state is S.DEFERRED)


def test_a_lost_answer_is_a_doubt_and_a_broken_connection_is_put_off() -> None:
    row = an_email()
    doubt = outcome(row, Attempt(row.id, Wire.UNKNOWN), RetrySchedule(), NOW, 0.5)
    put_off = outcome(row, Attempt(row.id, Wire.NOT_SENT), RetrySchedule(), NOW, 0.5)
    assert (doubt.state, doubt.reason) == (S.IN_DOUBT, "reply_lost")
    assert (put_off.state, put_off.reason, put_off.next_at) == (S.DEFERRED, Reason.NETWORK_ERROR, later(900))


def test_tries_follow_the_schedule_until_the_deadline() -> None:
    # 15 m, 30 m, 1 h, 2 h, 4 h, 8 h, then every 12 h; 72 h after the first try it ends
    row, at = an_email(), NOW
    waits: list[float] = []
    while True:
        found = RetrySchedule().next_at(row.attempts + 1 + len(waits), NOW, at, 0.5)
        if found is None:
            break
        waits.append((found - at).total_seconds() / HOUR_S)
        at = found
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 12, 12, 12, 12]
    # 15.75 + 4 x 12 = 63.75 h; a fifth wait would end after 75.75 h
    assert at - NOW == timedelta(hours=63.75)


@pytest.mark.parametrize(("spread", "wait_s"), [(0.0, 720), (0.5, 900), (1.0, 1080)])
def test_the_wait_is_spread_by_a_fifth_either_way(spread: float, wait_s: float) -> None:
    assert RetrySchedule().next_at(1, NOW, NOW, spread) == later(wait_s)


def test_a_refusal_after_the_deadline_ends_soft_and_keeps_the_last_reply() -> None:
    old = an_email(state=S.DEFERRED, attempts=9, first_tried_at=later(-72 * HOUR_S))
    reply = Reply(450, "4.1.1 user unknown")
    found = ended(reply, old)
    assert (found.state, found.reason, found.reply) == (S.SOFT_BOUNCED, Reason.USER_UNKNOWN, reply)


def test_every_reason_is_counted_in_exactly_one_way() -> None:
    assert not DEAD & OURS
    assert Reason.MAILBOX_FULL in SOFT_ALWAYS
    assert Reason.UNKNOWN in SOFT_ALWAYS
