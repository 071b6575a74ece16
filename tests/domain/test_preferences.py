"""The preference page: what it shows, and what a choice does."""

from __future__ import annotations

from dataclasses import replace

from domain.campaign import LawfulBasis
from domain.consent import Consent, ConsentTo, Tracking
from domain.contact import Contact, OptOut, Source
from domain.lists import MailingList, Topic
from domain.preferences import MARKETING, Choice, Holding, chosen, consented, preferences, welcomed_back
from tests.builders import NOW, a_contact, a_list, a_member, a_stamp, later

OFFERS, EVENTS = Topic("offers", "Offers"), Topic("events", "Events")
TOPICS = (EVENTS, OFFERS)


def choosing(contact: Contact, choice: Choice) -> Contact:
    return chosen(contact, choice, TOPICS, at=NOW, source="preferences")


def test_it_shows_every_topic_marketing_first_and_where_one_stands_with_it() -> None:
    contact = a_contact(topics=frozenset({"offers"}), left_topics=frozenset({"events"}))
    shown = preferences(contact, TOPICS, [])
    assert [(each.topic, each.holding) for each in shown.topics] == [
        (MARKETING, Holding.OPEN),
        (EVENTS, Holding.LEFT),
        (OFFERS, Holding.HELD),
    ]


def test_marketing_is_called_as_the_organisation_calls_it() -> None:
    own = Topic("marketing", "Our news")
    assert preferences(a_contact(), (EVENTS, own), []).topics[0].topic == own


def test_it_shows_the_lists_one_is_on_with_their_message() -> None:
    shown = preferences(a_member(), (), [MailingList("other", "Other"), a_list()])
    assert shown.lists == (a_list(),)


def test_leaving_one_topic_is_not_leaving_all() -> None:
    before = a_member(topics=frozenset({"offers", "events"}))
    after = choosing(before, Choice(topics=frozenset({"offers", "marketing"})))
    assert (after.topics, after.left_topics) == ({"offers", "marketing"}, {"events"})
    assert (after.opted_out, after.memberships) == (False, before.memberships)


def test_leaving_each_topic_is_not_leaving_all() -> None:
    after = choosing(a_member(), Choice(topics=frozenset()))
    assert (after.left_topics, after.opted_out) == ({"marketing", "offers", "events"}, False)


def test_only_the_person_itself_comes_back_to_a_topic() -> None:
    left = a_contact(left_topics=frozenset({"offers"}))
    assert choosing(left, Choice(topics=frozenset({"offers"}))).left_topics == {"marketing", "events"}


def test_coming_back_to_a_topic_is_a_consent_and_holding_it_all_along_is_none() -> None:
    left = a_contact(left_topics=frozenset({"offers", "events"}), topics=frozenset({"marketing"}))
    [said] = choosing(left, Choice(topics=frozenset({"offers", "marketing", "strange"}))).consents
    assert (said.to, said.given, said.source, said.basis) == (ConsentTo.MAIL, True, "preferences", LawfulBasis.CONSENT)
    assert "offers" in said.proof


def test_a_topic_that_is_not_offered_stays_as_it_was() -> None:
    contact = a_contact(topics=frozenset({"old"}), left_topics=frozenset({"older"}))
    after = choosing(contact, Choice(topics=frozenset({"unheard", "older"})))
    assert "old" in after.topics
    assert "unheard" not in after.topics
    assert "older" in after.left_topics


def test_leaving_all_opts_out_and_says_since_when() -> None:
    after = choosing(a_contact(), Choice(leave_all=True))
    assert after.opt_out == OptOut(NOW, "preferences")
    assert after.consents == (Consent(ConsentTo.MAIL, False, NOW, "preferences"),)


def test_tracking_is_answered_apart_from_mail() -> None:
    after = choosing(a_contact(), Choice(tracking=False))
    assert (after.tracking, after.opted_out) == (Tracking.NO, False)


def test_the_same_choice_again_changes_nothing() -> None:
    choice = Choice(frozenset({"offers"}), leave_all=True, tracking=True)
    once = choosing(a_contact(), choice)
    assert choosing(once, choice) == once


def test_a_yes_never_takes_an_earlier_no_back() -> None:
    left = consented(a_contact(), Consent(ConsentTo.MAIL, False, NOW, "letter"))
    again = consented(left, Consent(ConsentTo.MAIL, True, later(60), "form"))
    assert again.opted_out
    assert len(again.consents) == 2


def test_an_operator_with_proof_takes_an_opt_out_back_but_not_what_the_crm_says() -> None:
    proof = Consent(ConsentTo.MAIL, True, later(60), "operator", "ticket 7")
    left = consented(a_contact(), Consent(ConsentTo.MAIL, False, NOW, "letter"))
    assert not welcomed_back(left, proof).opted_out
    said = replace(left, sources={"Leads:1": Source("Leads:1", a_stamp(), opted_out=True)})
    assert welcomed_back(said, proof).opted_out
