"""D10, line by line: what strikes, what resets, and when soft turns hard."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce

import pytest

from domain.delivery import counted
from domain.email import EmailState
from domain.smtp_reply import Reason
from domain.strikes import Sign, SignKind, StrikeRecord, after, escalated, strikes
from tests.builders import NOW

_K = SignKind


def day(number: float) -> datetime:
    return NOW + timedelta(days=number)


def sign(kind: SignKind, at: float, email: str | None = None) -> Sign:
    return Sign("ann", email or f"campaign{at}:ann:0", kind, day(at))


def struck(*days: float) -> list[Sign]:
    return [sign(_K.STRUCK, each) for each in days]


def told(*signs: Sign) -> StrikeRecord:
    return reduce(after, signs, StrikeRecord("ann"))


def weekly(count: int, first: float = 0) -> list[Sign]:
    return struck(*(first + 7 * place for place in range(count)))


# ---- what is a strike: the table of D13


@pytest.mark.parametrize(
    ("reasons", "permanent", "expected"),
    [
        ("user_unknown moved mailbox_disabled host_unknown no_mail_host", True, False),  # suppressed at once
        ("user_unknown moved mailbox_disabled host_unknown no_mail_host", False, True),  # 4xx until the deadline
        ("blocked", True, False),
        ("blocked", False, False),  # "sender faults and blocks never count"
        ("mailbox_full recipient_rejected expired network_error", True, True),
        ("mailbox_full recipient_rejected expired network_error", False, True),
        ("rate_limited remote_error tls_failure protocol_error", True, False),
        ("rate_limited remote_error tls_failure protocol_error", False, False),
        ("auth_failure sender_rejected spam_content virus_content content_error policy message_too_big", True, False),
        ("auth_failure sender_rejected spam_content virus_content content_error policy message_too_big", False, False),
        ("unknown", True, False),
        ("unknown", False, False),  # classification.md, 4.1
    ],
)
def test_the_column_strikes_of_the_table(reasons: str, permanent: bool, expected: bool) -> None:
    for reason in map(Reason, reasons.split()):
        assert strikes(counted(reason, permanent=permanent), reason) is expected, reason


def test_every_reason_is_in_the_table() -> None:
    table = "user_unknown moved mailbox_disabled host_unknown no_mail_host blocked mailbox_full recipient_rejected "
    table += "expired network_error rate_limited remote_error tls_failure protocol_error auth_failure sender_rejected "
    table += "spam_content virus_content content_error policy message_too_big unknown"
    assert set(table.split()) == set(Reason)


def test_what_has_not_ended_is_no_strike() -> None:
    assert not strikes(EmailState.DEFERRED, Reason.MAILBOX_FULL)
    assert not strikes(EmailState.IN_DOUBT, None)


# ---- when soft turns hard


@pytest.mark.parametrize(
    ("signs", "hard"),
    [
        (weekly(6), False),
        (weekly(7), True),
        (struck(0, 2, 4, 6, 8, 10, 13.9), False),  # seven, and not 14 days
        (struck(0, 2, 4, 6, 8, 10, 14), True),
        (struck(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), False),
        ([sign(_K.ALIVE, -100), *weekly(7)], False),  # engaged: 15
        ([sign(_K.ALIVE, -80), *weekly(14)], False),
        ([sign(_K.ALIVE, -50), *weekly(15)], True),
        ([sign(_K.ALIVE, -150), *weekly(7)], True),  # 192 days before the last one: not engaged any more
    ],
)
def test_seven_in_a_row_over_at_least_fourteen_days_fifteen_of_engaged_people(
    signs: Sequence[Sign], hard: bool
) -> None:
    assert (escalated(told(*signs)) is not None) is hard


def test_the_evidence_names_the_rule() -> None:
    assert escalated(told(*weekly(7))) == "D10: 7 sends in a row failed for good in 42 days"


# ---- what resets it


@pytest.mark.parametrize("kind", [_K.ALIVE, _K.TAKEN])
def test_a_delivery_that_lasts_an_open_a_click_and_a_reply_reset_it(kind: SignKind) -> None:
    record = told(*weekly(6), sign(kind, 38), *weekly(6, first=42))
    assert len(record.in_a_row()) == 6
    assert escalated(record) is None


def test_a_delivery_that_bounces_later_resets_nothing() -> None:
    taken, back = sign(_K.TAKEN, 38, "x:ann:0"), sign(_K.RETURNED, 39, "x:ann:0")
    assert escalated(told(*weekly(6), taken, back, *struck(42))) is not None


def test_a_strike_before_the_bounce_of_the_delivery_before_it_takes_no_earlier_ones_away() -> None:
    taken, back = sign(_K.TAKEN, 42, "x:ann:0"), sign(_K.RETURNED, 44, "x:ann:0")
    in_order = told(*weekly(6), taken, *struck(43), back)
    assert in_order.in_a_row() == told(*weekly(6), taken, back, *struck(43)).in_a_row()
    assert escalated(in_order) is not None


def test_a_delivery_of_long_ago_lasts_whatever_comes_for_it() -> None:
    taken, next_one, back = sign(_K.TAKEN, 1, "x:ann:0"), sign(_K.TAKEN, 7, "y:ann:0"), sign(_K.RETURNED, 9, "x:ann:0")
    record = told(*struck(0), taken, next_one, back)
    assert (record.lasted_at, set(record.taken)) == (day(1), {"y:ann:0"})


def test_what_comes_late_resets_only_what_was_before_it() -> None:
    record = told(*weekly(7), sign(_K.ALIVE, 20))
    assert record.in_a_row() == [day(21), day(28), day(35), day(42)]


def test_nothing_is_kept_of_deliveries_to_those_nobody_complained_of() -> None:
    assert told(sign(_K.TAKEN, 1), sign(_K.RETURNED, 2)) == StrikeRecord("ann")


def test_what_is_kept_stays_small() -> None:
    record = StrikeRecord("ann")
    for number in range(1000):
        record = after(after(record, sign(_K.STRUCK, number)), sign(_K.TAKEN, number + 0.5))
    assert len(record.strikes) + len(record.taken) < 20


# ---- told again, and in any order


def test_the_same_outcome_counts_once() -> None:
    once = told(*struck(0))
    assert after(once, sign(_K.STRUCK, 3, "campaign0:ann:0")) == once


def test_strikes_count_the_same_in_any_order() -> None:
    signs = [*weekly(8), sign(_K.ALIVE, 10)]
    expected = told(*signs).in_a_row()
    for seed in range(50):
        shuffled = random.Random(seed).sample(signs, len(signs))
        assert told(*shuffled, *shuffled).in_a_row() == expected


def test_what_was_no_strike_by_the_rules_of_now_is_taken_away_alone() -> None:
    record = told(*weekly(3))
    [first, *others] = weekly(3)
    pardoned = Sign(first.contact_id, first.email_id, SignKind.PARDONED, first.at)
    assert after(record, pardoned).strikes == told(*others).strikes
    assert after(after(record, pardoned), pardoned) == after(record, pardoned)
    assert after(StrikeRecord(first.contact_id), pardoned) == StrikeRecord(first.contact_id)
