"""The ledger's two axes."""

from __future__ import annotations

import pytest

from domain.email import (
    NEXT,
    OPEN_STATES,
    PROOFS,
    EmailState,
    ServiceStatus,
    email_id,
    email_of_message_id,
    message_id,
)
from tests.builders import an_id

S = EmailState
ENDED = set(EmailState) - OPEN_STATES


@pytest.mark.parametrize("state", EmailState)
def test_a_row_goes_back_to_planned_only_out_of_a_claim_or_a_doubt_and_an_ended_one_stays(state: EmailState) -> None:
    assert S.PLANNED not in NEXT[state] or state in {S.CLAIMED, S.IN_DOUBT}  # given back; the policy `resend`
    if state in ENDED - {S.IN_DOUBT}:
        assert NEXT[state] == frozenset()


def test_a_doubt_is_only_settled_by_what_became_of_the_mail_or_planned_once_more() -> None:
    assert NEXT[S.IN_DOUBT] == {*PROOFS, S.PLANNED}
    assert S.DEFERRED not in NEXT[S.IN_DOUBT]  # it may speak of the try before the last one


def test_who_opened_a_mail_has_it_and_a_refusal_of_ours_says_least() -> None:
    assert PROOFS == (S.FAILED, S.SOFT_BOUNCED, S.HARD_BOUNCED, S.SENT)


def test_statuses_of_the_events_axis_are_in_order() -> None:
    ranks = [status.rank for status in ServiceStatus]
    assert ranks == sorted(ranks)
    assert ServiceStatus.NONE.rank < ServiceStatus.DELIVERED.rank < ServiceStatus.REPLIED.rank


@pytest.mark.parametrize("occurrence", [0, 1, 12])
def test_a_message_id_leads_back_to_its_email(occurrence: int) -> None:
    email = email_id("spring-2026_a", an_id("ann@example.com"), occurrence)
    assert email_of_message_id(f" <{message_id(email, 'mail.green.example')}> ") == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<>",
        "<abc@x.example>",
        "<a.b@x.example>",
        "<a.b.c@x.example>",
        "<..1@x.example>",
        "<a.b.²@x.example>",
        "<a.b.١@x.example>",
        "<a.b.1234567890@x.example>",
        f"<a.b.{'9' * 5000}@x.example>",
    ],
)
def test_a_message_id_of_others_leads_nowhere(text: str) -> None:
    assert email_of_message_id(text) is None
