"""What a row of a file makes of a contact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.consent import Consent, ConsentTo
from domain.contact import Contact, ContactField, OptOut, Source, SubscriptionType, left
from domain.eligibility import SuppressionReason
from domain.imports import ImportJob, Joining, Person, RowReason, imported, why_not
from tests.builders import NOW, a_contact, a_member, a_stamp, an_address, an_id, later

ANN = "ann@example.com"


def a_person(text: str = ANN, **values: Any) -> Person:
    return Person(an_address(text), values)


def a_rule(**overrides: Any) -> Joining:
    return Joining(**{"import_id": "people-1", "list_id": "news", "at": later(60), **overrides})


def nobody() -> Contact:
    return Contact(an_id(ANN), ANN)


def test_a_person_joins_because_of_the_import() -> None:
    after = imported(nobody(), a_person(first_name="Ann"), a_rule())
    assert after.memberships["news"].sources == {"import:people-1"}
    assert (after.values(), after.subscription) == ({"first_name": "Ann"}, SubscriptionType.MARKETING)


def test_told_twice_it_changes_nothing() -> None:
    rule = a_rule(consent=Consent(ConsentTo.MAIL, True, NOW, "import:people-1", "form"))
    once = imported(a_member(), a_person(first_name="Anna", city="Lund"), rule)
    assert imported(once, a_person(first_name="Anna", city="Lund"), rule) == once


def test_an_import_that_begins_anew_says_no_second_time_what_they_agreed_to() -> None:
    first = Consent(ConsentTo.MAIL, True, NOW, "import:people-1", "form")
    once = imported(nobody(), a_person(), a_rule(consent=first))
    assert imported(once, a_person(), a_rule(consent=replace(first, at=later(60)))) == once


def test_leaving_one_source_does_not_remove_a_member_of_another() -> None:
    both = imported(a_member(), a_person(), a_rule())
    assert left(both, "news", "sync:leads|Leads:1").memberships["news"].sources == {"import:people-1"}
    assert left(both, "news", "import:people-1").memberships["news"].sources == {"sync:leads|Leads:1"}


def test_a_value_fills_what_is_empty_and_what_the_crm_says_stays() -> None:
    after = imported(a_contact(), a_person(first_name="Other", city="Lund"), a_rule())
    assert after.values() == {"first_name": "Ann", "city": "Lund"}


def test_a_value_of_a_record_that_is_gone_is_replaced() -> None:
    gone = replace(a_contact(), sources={"Leads:1": Source("Leads:1", a_stamp(), gone=True)})
    assert imported(gone, a_person(first_name="Other"), a_rule()).values() == {"first_name": "Other"}


def test_a_later_import_corrects_an_earlier_one_and_an_empty_cell_erases_nothing() -> None:
    first = imported(nobody(), a_person(city="Lund", title="Dr"), a_rule())
    second = imported(first, a_person(city="Malmö", title=""), a_rule(import_id="people-2", at=later(120)))
    assert second.values() == {"city": "Malmö", "title": "Dr"}
    late = imported(second, a_person(city="Lund", title="Dr"), a_rule())
    assert late.values() == second.values(), "the first one, taken up again, is older"


def test_a_topic_once_left_stays_left() -> None:
    contact = a_contact(left_topics=frozenset({"offers"}))
    after = imported(contact, a_person(), a_rule(topics=frozenset({"offers", "events"})))
    assert (after.topics, after.left_topics) == ({"events"}, {"offers"})


def test_marketing_is_not_taken_away_by_a_list_that_is_not() -> None:
    rule = a_rule(subscription=SubscriptionType.NON_MARKETING, topics=frozenset({"events"}))
    known = a_contact(subscription=SubscriptionType.MARKETING)
    assert imported(known, a_person(), rule).subscription is SubscriptionType.MARKETING
    after = imported(nobody(), a_person(), rule)
    assert (after.subscription, after.topics) == (SubscriptionType.NON_MARKETING, frozenset())


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (SuppressionReason.UNSUBSCRIBED, RowReason.OPTED_OUT),
        (SuppressionReason.MANUAL, RowReason.OPTED_OUT),
        (SuppressionReason.HARD_BOUNCED, RowReason.SUPPRESSED),
        (SuppressionReason.COMPLAINED, RowReason.SUPPRESSED),
        (SuppressionReason.ERASED, RowReason.SUPPRESSED),
    ],
)
def test_an_import_never_brings_anybody_back(reason: SuppressionReason, told: RowReason) -> None:
    assert why_not(a_person(), None, [reason], a_rule()) == told


def test_whoever_opted_out_does_not_join() -> None:
    own = a_contact(opt_out=OptOut(NOW, "crm"))
    record = a_contact(sources={"Leads:1": Source("Leads:1", a_stamp(), opted_out=True)})
    assert [why_not(a_person(), each, [], a_rule()) for each in (own, record)] == [RowReason.OPTED_OUT] * 2
    assert why_not(a_person(), a_contact(), [], a_rule()) is None


def test_addresses_of_functions_stay_off_where_the_organisation_wants_it() -> None:
    person = a_person("info@example.com")
    assert why_not(person, None, [], a_rule(skip_roles=True)) == RowReason.ROLE_ADDRESS
    assert why_not(person, None, [], a_rule()) is None


def test_a_job_adds_up() -> None:
    job = ImportJob("people-1", "list:news", "people.csv", NOW).after(500, 80, {"new": 498, "refused.no_email": 2})
    later_on = job.after(100, 120, {"new": 100})
    assert (later_on.rows, later_on.refused_bytes) == (600, 120)
    assert later_on.counts == {"new": 598, "refused.no_email": 2}


def test_a_value_with_the_same_text_is_not_stamped_anew() -> None:
    known = a_contact(sources={}, fields={"city": ContactField("Lund", a_stamp("import:people-0"))})
    assert imported(known, a_person(city="Lund"), a_rule()).fields == known.fields
