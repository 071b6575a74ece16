"""Who is mailed and who is not, with one reason each, R52 and R71-R73."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from domain.campaign import LawfulBasis, Purpose
from domain.consent import Consent, ConsentTo
from domain.contact import OptOut, Source, SubscriptionType
from domain.eligibility import SuppressionReason, skip
from domain.email import SkipReason
from tests.builders import NOW, a_campaign, a_contact, a_stamp

R, S = SuppressionReason, SkipReason
NON_MARKETING = SubscriptionType.NON_MARKETING
CONSENT = a_campaign(lawful_basis=LawfulBasis.CONSENT)
#: Each reason with what brings it about: suppressions, and what is special about the contact.
CAUSES: dict[SkipReason, tuple[set[SuppressionReason], dict[str, Any]]] = {
    S.ERASED: ({R.ERASED}, {}),
    S.COMPLAINED: ({R.COMPLAINED}, {}),
    S.HARD_BOUNCED: ({R.HARD_BOUNCED}, {}),
    S.OPTED_OUT: ({R.UNSUBSCRIBED}, {}),
    S.NON_MARKETING: (set(), {"subscription": NON_MARKETING}),
    S.TOPIC_CONFLICT: (set(), {"left_topics": frozenset({"marketing"})}),
}


def reason(suppressed: set[SuppressionReason], contact: dict[str, Any], campaign: Any = None) -> SkipReason | None:
    found = skip(a_contact(**contact), frozenset(suppressed), campaign or a_campaign())
    return found.reason if found else None


@pytest.mark.parametrize("wanted", CAUSES)
def test_each_cause_has_its_reason(wanted: SkipReason) -> None:
    assert reason(*CAUSES[wanted]) == wanted


@pytest.mark.parametrize(("first", "second"), list(combinations(CAUSES, 2)))
def test_of_two_causes_the_first_in_the_documented_order_is_the_reason(first: SkipReason, second: SkipReason) -> None:
    order = list(SkipReason)
    assert order.index(first) < order.index(second)
    (suppressed, contact), (more, others) = CAUSES[first], CAUSES[second]
    assert reason(suppressed | more, {**contact, **others}) == first


def test_somebody_without_any_cause_is_mailed() -> None:
    assert reason(set(), {}) is None


@pytest.mark.parametrize(
    ("suppressed", "contact"),
    [
        ({R.UNSUBSCRIBED}, {}),
        ({R.MANUAL}, {}),
        (set(), {"opt_out": OptOut(NOW, "unsubscribe:winter")}),
        (set(), {"sources": {"Leads:1": Source("Leads:1", a_stamp(), opted_out=True)}}),
    ],
)
def test_who_left_marketing_is_not_mailed_but_gets_what_is_owed_to_a_customer(
    suppressed: set[SuppressionReason], contact: dict[str, Any]
) -> None:
    assert reason(suppressed, contact) == S.OPTED_OUT
    assert reason(suppressed, contact, a_campaign(purpose=Purpose.TRANSACTIONAL)) is None


def test_for_a_campaign_by_consent_the_last_word_on_record_counts() -> None:
    yes = Consent(ConsentTo.MAIL, True, NOW, "form", "box ticked", LawfulBasis.CONSENT)
    no = Consent(ConsentTo.MAIL, False, NOW, "letter")
    tracked = Consent(ConsentTo.TRACKING, True, NOW, "form")
    marketing = SubscriptionType.MARKETING
    assert reason(set(), {"subscription": marketing}, CONSENT) is None
    assert reason(set(), {"consents": (yes,)}, CONSENT) is None
    assert reason(set(), {"consents": (tracked,)}, CONSENT) == S.NO_CONSENT
    assert reason(set(), {"consents": (yes, no), "subscription": marketing}, CONSENT) == S.NO_CONSENT


@pytest.mark.parametrize("suppressed", [R.ERASED, R.COMPLAINED, R.HARD_BOUNCED])
def test_the_dead_the_erased_and_those_who_complained_get_nothing_at_all(suppressed: SuppressionReason) -> None:
    assert reason({suppressed}, {}, a_campaign(purpose=Purpose.TRANSACTIONAL)) == suppressed.value


def test_an_opt_out_in_a_record_that_is_gone_counts_on() -> None:
    gone = Source("Leads:1", a_stamp(), opted_out=True, gone=True)
    assert reason(set(), {"sources": {"Leads:1": gone}}) == S.OPTED_OUT


def test_consent_is_asked_for_where_it_is_the_basis() -> None:
    assert reason(set(), {}, CONSENT) == S.NO_CONSENT
    assert reason(set(), {"subscription": SubscriptionType.MARKETING}, CONSENT) is None


@pytest.mark.parametrize(
    ("topics", "left", "detail", "held"),
    [
        ({"offers", "events"}, set(), "holds events, offers", ("events", "offers")),
        ({"events"}, {"marketing"}, "left marketing", ("events",)),
        (set(), {"marketing"}, "left marketing", ()),
    ],
)
def test_a_topic_conflict_names_the_topics_held(
    topics: set[str], left: set[str], detail: str, held: tuple[str, ...]
) -> None:
    contact = a_contact(topics=frozenset(topics), left_topics=frozenset(left))
    found = skip(contact, frozenset(), a_campaign())
    assert found is not None
    assert (found.reason, found.detail, found.topics) == (S.TOPIC_CONFLICT, detail, held)


@pytest.mark.parametrize("topics", [set(), {"marketing"}, {"marketing", "events"}, {"events"}])
def test_contacts_without_topics_and_those_with_this_one_get_the_mail(topics: set[str]) -> None:
    expected = S.TOPIC_CONFLICT if topics == {"events"} else None
    assert reason(set(), {"topics": frozenset(topics)}) == expected


def test_a_transactional_campaign_has_no_topic_conflicts() -> None:
    contact = {"topics": frozenset({"events"}), "subscription": NON_MARKETING}
    assert reason(set(), contact, a_campaign(purpose=Purpose.TRANSACTIONAL)) is None
