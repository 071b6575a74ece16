"""The books balance, X2."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from domain.books import Books, books
from domain.email import EmailState

S = EmailState


@pytest.mark.parametrize(
    ("selected", "states", "balanced", "closed"),
    [
        (0, {}, True, True),
        (5, {S.SENT: 3, S.SKIPPED: 2}, True, True),
        (9, {S.SENT: 2, S.SKIPPED: 2, S.HARD_BOUNCED: 1, S.SOFT_BOUNCED: 1, S.FAILED: 1, S.IN_DOUBT: 2}, True, True),
        (5, {S.SENT: 3, S.PLANNED: 2}, True, False),
        (5, {S.SENT: 3, S.DEFERRED: 2}, True, False),
        (5, {S.SENT: 4}, False, False),  # a row is missing
        (5, {S.SENT: 6}, False, False),  # a row too many
    ],
)
def test_books_balance_when_every_selected_person_is_somewhere_and_close_when_nothing_is_open(
    selected: int, states: Mapping[EmailState, int], balanced: bool, closed: bool
) -> None:
    found = Books(selected, states)
    assert (found.balanced, found.closed) == (balanced, closed)
    assert found.ended + found.open == sum(states.values())


def test_reasons_are_counted_apart_for_skips_and_failures() -> None:
    found = books(
        7,
        {
            (S.SENT, None): 1,
            (S.SKIPPED, "opted_out"): 2,
            (S.SKIPPED, "duplicate"): 1,
            (S.FAILED, "policy"): 1,
            (S.HARD_BOUNCED, "user_unknown"): 1,
            (S.SOFT_BOUNCED, "mailbox_full"): 1,
        },
        {},
    )
    assert found.skips == {"opted_out": 2, "duplicate": 1}
    assert found.failures == {"policy": 1, "user_unknown": 1, "mailbox_full": 1}
    assert found.count(S.SKIPPED) == sum(found.skips.values())
    assert found.closed
