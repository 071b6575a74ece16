"""The books balance, X2, and the numbers of the reference page, R86."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from domain.books import Books, Response, books, summary
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


@pytest.mark.parametrize(
    ("response", "counted"),
    [
        (Response(S.SENT, frozenset()), {"sent", "delivered", "not_opened"}),
        (Response(S.SENT, frozenset({"opened"})), {"sent", "delivered", "opened"}),
        (Response(S.SENT, frozenset({"clicked"})), {"sent", "delivered", "opened", "clicked"}),
        (Response(S.SENT, frozenset({"bounced"}), S.HARD_BOUNCED), {"sent", "hard_bounced"}),
        (Response(S.SENT, frozenset({"bounced"}), S.SOFT_BOUNCED), {"sent", "soft_bounced"}),
        (Response(S.HARD_BOUNCED, frozenset()), {"hard_bounced"}),
        (Response(S.SOFT_BOUNCED, frozenset()), {"soft_bounced"}),
        (Response(S.FAILED, frozenset()), {"failed"}),
        (Response(S.SKIPPED, frozenset()), {"skipped"}),
        (Response(S.IN_DOUBT, frozenset()), {"in_doubt"}),
        (Response(S.PLANNED, frozenset()), set()),
    ],
)
def test_each_kind_of_email_counts_where_the_reference_page_says(response: Response, counted: set[str]) -> None:
    found = summary({response: 3})
    numbers = {name: getattr(found, name) for name in type(found).__slots__}
    assert {name for name, count in numbers.items() if count} == counted
    assert set(numbers.values()) <= {0, 3}
