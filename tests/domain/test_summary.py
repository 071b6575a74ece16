"""The numbers of the reference page, R86: who is counted in each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.email import EmailState
from domain.response import REDELIVERED, Response
from domain.summary import summary
from tests.any_response import RESPONSES

S = EmailState


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
        (Response(S.PLANNED, frozenset()), {"planned"}),
        (Response(S.DEFERRED, frozenset()), {"deferred"}),
        (Response(S.SENT, frozenset({"machine_opened"})), {"sent", "delivered", "not_opened", "machine_opened"}),
        (Response(S.SENT, frozenset({"machine_clicked"})), {"sent", "delivered", "not_opened", "machine_clicked"}),
        # what a soft bounce does not take back, and what a hard one does
        (Response(S.SENT, frozenset({"bounced", "delivered"}), S.SOFT_BOUNCED), {"sent", "soft_bounced"}),
        (
            Response(S.SENT, frozenset({"bounced", "delivered", REDELIVERED}), S.SOFT_BOUNCED),
            {"sent", "delivered", "not_opened"},
        ),
        (Response(S.SENT, frozenset({"bounced", "opened"}), S.SOFT_BOUNCED), {"sent", "delivered", "opened"}),
        (Response(S.SENT, frozenset({"bounced", "opened"}), S.HARD_BOUNCED), {"sent", "hard_bounced", "opened"}),
    ],
)
def test_each_kind_of_email_counts_where_the_reference_page_says(response: Response, counted: set[str]) -> None:
    found = summary({response: 3})
    numbers = {name: getattr(found, name) for name in type(found).__slots__}
    assert {name for name, count in numbers.items() if count} == counted
    assert set(numbers.values()) <= {0, 3}


@given(RESPONSES)
def test_every_mail_that_was_sent_was_delivered_or_bounced_in_one_way_and_a_delivered_one_is_opened_or_not(
    response: Response,
) -> None:
    found = summary({response: 1})
    if response.state is S.SENT:
        assert found.delivered + found.hard_bounced + found.soft_bounced == 1
    assert found.not_opened <= found.delivered
    assert found.delivered == 0 or found.opened + found.not_opened == 1


@given(st.dictionaries(RESPONSES, st.integers(1, 5), max_size=6))
def test_delivered_and_bounced_are_shares_of_all_that_were_tried(found: dict[Response, int]) -> None:
    """Refused at once counts as tried, though the relay took nothing."""
    ended = {EmailState.SENT, EmailState.HARD_BOUNCED, EmailState.SOFT_BOUNCED}
    assert summary(found).tried == sum(count for one, count in found.items() if one.state in ended)
