"""What becomes of people when their sync is deleted (D1)."""

from __future__ import annotations

from dataclasses import replace

from domain.contact import Contact, joined
from domain.leaving import first_ref, lists_left, without_sync
from tests.builders import a_contact, a_member


def somebody() -> Contact:
    """On "news" by the sync "leads" for two records and by an import, and on "more" by the sync alone."""
    person = a_member(topics=frozenset({"marketing"}))
    reasons = [("news", "sync:leads|Leads:0"), ("news", "import:1"), ("more", "sync:leads|Leads:1")]
    for list_id, source in reasons:
        person = joined(person, list_id, source)
    source = replace(person.sources["Leads:1"], map_versions={"leads": 2, "leads:City": 3, "leads-too": 1})
    return replace(person, sources={"Leads:1": source})


def test_memberships_of_the_sync_go_and_those_of_others_stay() -> None:
    """D1."""
    after = without_sync(somebody(), "leads")
    assert {name: each.sources for name, each in after.memberships.items()} == {"news": frozenset({"import:1"})}
    assert after.sources["Leads:1"].map_versions == {"leads-too": 1}


def test_values_topics_and_records_stay() -> None:
    before, after = somebody(), without_sync(somebody(), "leads")
    assert (after.fields, after.topics, after.sources.keys()) == (before.fields, before.topics, before.sources.keys())


def test_told_twice_it_changes_nothing() -> None:
    once = without_sync(somebody(), "leads")
    assert without_sync(once, "leads") is once


def test_a_sync_whose_id_begins_alike_is_another_one() -> None:
    assert without_sync(somebody(), "lead") is not None
    assert without_sync(somebody(), "lead").memberships == somebody().memberships


def test_each_list_is_told_with_whether_it_is_left() -> None:
    assert lists_left(somebody(), "leads") == {"news": False, "more": True}
    assert first_ref(somebody(), "leads") == "Leads:0"


def test_somebody_of_another_sync_is_on_no_list_of_it() -> None:
    assert (lists_left(a_contact(), "leads"), first_ref(a_contact(), "leads")) == ({}, None)
