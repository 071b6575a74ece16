"""Whom of a campaign to list, and what is said of each in one word (R88-R92)."""

from __future__ import annotations

import pytest

from domain.activity import Wanted, service_status
from domain.email import Email, EmailState
from domain.response import response
from tests.builders import NOW, an_email, later

S = EmailState
CLICKED = an_email(state=S.SENT, times={"clicked": NOW}, ref="Leads:1")


@pytest.mark.parametrize(
    ("email", "word"),
    [
        (an_email(), "planned"),
        (an_email(state=S.CLAIMED), "planned"),
        (an_email(state=S.DEFERRED), "deferred"),
        (an_email(state=S.SKIPPED), "skipped"),
        (an_email(state=S.FAILED), "failed"),
        (an_email(state=S.IN_DOUBT), "in_doubt"),
        (an_email(state=S.SENT), "delivered"),
        (an_email(state=S.SENT, times={"opened": NOW}), "opened"),
        (CLICKED, "clicked"),
        (an_email(state=S.SENT, times={"clicked": NOW, "replied": NOW}), "replied"),
        (an_email(state=S.SENT, times={"opened": NOW, "bounced": NOW}, bounced=S.HARD_BOUNCED), "hard_bounced"),
        (an_email(state=S.SENT, times={"delivered": NOW, "bounced": later(1)}), "soft_bounced"),
        (an_email(state=S.SOFT_BOUNCED), "soft_bounced"),
        (an_email(state=S.SENT, times={"clicked": NOW, "unsubscribed": NOW}), "unsubscribed"),
        (an_email(state=S.SENT, times={"unsubscribed": NOW, "complained": NOW}), "complained"),
    ],
)
def test_the_furthest_or_what_ended_it_is_said_of_an_email(email: Email, word: str) -> None:
    assert service_status(response(email)) == word


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Wanted(), True),
        (Wanted("opened"), True),
        (Wanted("replied"), False),
        (Wanted(services=frozenset({"replied", "clicked"})), True),
        (Wanted("opened", services=frozenset({"replied"})), False),
        (Wanted(statuses=frozenset({"Responded"})), True),
        (Wanted(statuses=frozenset({"Opened"})), False),
        (Wanted(modules=frozenset({"Leads", "Deals"})), True),
        (Wanted("clicked", modules=frozenset({"Lead"})), False),
    ],
)
def test_somebody_is_listed_who_fits_each_part_with_one_value_of_it(wanted: Wanted, fits: bool) -> None:
    assert wanted.includes(CLICKED, "Planned") is fits


def test_a_list_member_without_a_record_is_of_no_module() -> None:
    assert not Wanted(modules=frozenset({"Leads"})).includes(an_email(ref=None), "Planned")
    assert Wanted().includes(an_email(ref=None), "Planned")
