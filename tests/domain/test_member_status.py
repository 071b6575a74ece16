"""The member status follows both axes by one table, and takes nobody back (R49)."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.email import Email, EmailState
from domain.member_status import MemberStatus, branches, member_status
from domain.response import Response, any_of, response
from tests.any_response import RESPONSES
from tests.builders import NOW, an_email, later

S = EmailState
CHOSEN = ["Planned", "Invited", "Opened", "Bounced", "VIP guest"]


def sent(**times: datetime) -> Email:
    return an_email(state=S.SENT, times=times)


@pytest.mark.parametrize(
    ("email", "status"),
    [
        (an_email(), "Invited"),
        (an_email(state=S.DEFERRED), "Invited"),
        (an_email(state=S.SKIPPED), "Invited"),
        (an_email(state=S.FAILED), "Invited"),
        (an_email(state=S.IN_DOUBT), "Invited"),
        (sent(), "Sent"),
        (an_email(state=S.HARD_BOUNCED), "Bounced"),
        (an_email(state=S.SOFT_BOUNCED), "Bounced"),
        (sent(delivered=NOW), "Received"),
        (sent(delivered=NOW, opened=NOW), "Opened"),
        (sent(machine_opened=NOW, machine_clicked=NOW), "Sent"),
        (sent(opened=NOW, clicked=NOW), "Responded"),
        (sent(replied=NOW), "Responded"),
        (sent(autoreplied=NOW), "Sent"),
        (sent(clicked=NOW, unsubscribed=NOW), "Opted Out"),
        (sent(complained=NOW), "Opted Out"),
        (an_email(state=S.SENT, times={"bounced": NOW}), "Bounced"),
    ],
)
def test_the_member_status_follows_both_axes(email: Email, status: str) -> None:
    assert member_status(response(email), "Invited") == status


def test_a_soft_bounce_of_mail_that_was_delivered_later_is_none_and_one_after_the_250_is_one() -> None:
    times = {"delivered": later(2), "bounced": later(1)}
    late = an_email(state=S.SENT, times=times, bounced=S.SOFT_BOUNCED)
    assert member_status(response(late), "Invited") == "Received"
    early = an_email(state=S.SENT, times={**times, "delivered": NOW}, bounced=S.SOFT_BOUNCED)
    assert member_status(response(early), "Invited") == "Bounced"
    dead = an_email(state=S.SENT, times=times, bounced=S.HARD_BOUNCED)
    assert member_status(response(dead), "Invited") == "Bounced"


@pytest.mark.parametrize(("chosen", "then"), [("Opened", "Opened"), ("Responded", "Responded"), ("Sent", "Received")])
def test_who_was_added_further_on_is_not_taken_back(chosen: str, then: str) -> None:
    assert member_status(response(sent(delivered=NOW)), chosen) == then


def test_a_status_of_the_organisations_own_stays_until_something_happens() -> None:
    assert member_status(response(an_email()), "VIP guest") == "VIP guest"
    assert member_status(response(sent()), "VIP guest") == "Sent"


@given(RESPONSES, st.sampled_from(CHOSEN))
def test_what_finds_a_status_finds_exactly_those_who_have_it(found: Response, chosen: str) -> None:
    fitting = {
        status
        for status in [*MemberStatus, "VIP guest"]
        for branch in branches(status, chosen)
        if (not branch.of or any_of(branch.of, found)) and not any_of(branch.but, found)
    }
    assert fitting == {member_status(found, chosen)}
