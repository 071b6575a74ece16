"""Campaign statuses, R66 and R77, and what was reviewed, D9."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from domain.campaign import (
    NEXT,
    CampaignStatus,
    Content,
    LawfulBasis,
    Purpose,
    Selection,
    Sender,
    changed_since_review,
    hash_of,
)
from domain.errors import IllegalTransition
from tests.builders import NOW, a_campaign

S = CampaignStatus
#: The whole of R66 and R77 once more, as somebody would say it.
ALLOWED = {
    S.DRAFT: "syncing_recipients cancelled offline",
    S.SYNCING_RECIPIENTS: "to_be_reviewed cancelled offline",
    S.TO_BE_REVIEWED: "in_review cancelled offline",
    S.IN_REVIEW: "reviewed rejected cancelled offline",
    S.REVIEWED: "scheduled sending draft cancelled offline",
    S.REJECTED: "draft cancelled offline",
    S.SCHEDULED: "sending reviewed cancelled offline",
    S.SENDING: "paused sent stopped cancelled offline",
    S.PAUSED: "sending stopped cancelled offline",
    S.SENT: "sending offline",
    S.STOPPED: "offline",
    S.CANCELLED: "offline",
    S.OFFLINE: "",
}


@pytest.mark.parametrize(("before", "after"), list(product(S, S)))
def test_every_pair_of_statuses_is_allowed_or_refused_as_the_rules_say(
    before: CampaignStatus, after: CampaignStatus
) -> None:
    campaign = a_campaign(status=before)
    if after in ALLOWED[before].split():
        moved = campaign.moved_to(after, "because", at=NOW)
        assert (moved.status, moved.status_reason, moved.status_at) == (after, "because", NOW)
        return
    with pytest.raises(IllegalTransition, match=f"campaign spring is {before} and cannot become {after}"):
        campaign.moved_to(after)


def test_the_table_has_a_row_for_every_status() -> None:
    assert set(NEXT) == set(S)


def test_a_refusal_says_what_is_possible() -> None:
    with pytest.raises(IllegalTransition, match="from here it can become: offline"):
        a_campaign(status=S.SENT).moved_to(S.DRAFT)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"sender": Sender("Red Ltd", "news@green.example")}, "sender"),
        ({"sender": Sender("Green Ltd", "news@green.example", "x@green.example")}, "sender"),
        ({"content": Content("Other", text="Other")}, "content"),
        ({"recipients": Selection(modules=("Contacts",))}, "recipients"),
        ({"include_existing_members": True}, "recipients"),
        ({"list_id": "other"}, "list and topic"),
        ({"topic": "other"}, "list and topic"),
        ({"purpose": Purpose.WELCOME}, "purpose and lawful basis"),
        ({"lawful_basis": LawfulBasis.CONSENT}, "purpose and lawful basis"),
    ],
)
def test_a_change_after_the_review_is_noticed_and_named(change: dict[str, Any], part: str) -> None:
    reviewed = replace(a_campaign(), reviewed_hash=hash_of(a_campaign()))
    assert changed_since_review(reviewed) == []
    assert changed_since_review(replace(reviewed, **change)) == [part]


def test_the_order_in_which_people_were_picked_does_not_count() -> None:
    one = a_campaign(recipients=Selection(refs=("Leads:1", "Leads:2")))
    assert hash_of(one) == hash_of(replace(one, recipients=Selection(refs=("Leads:2", "Leads:1"))))


def test_a_campaign_that_was_never_reviewed_has_changed_in_every_part() -> None:
    assert len(changed_since_review(a_campaign())) == 5


def test_only_transactional_campaigns_are_not_marketing() -> None:
    assert [purpose for purpose in Purpose if not purpose.marketing] == [Purpose.TRANSACTIONAL]
