"""Why somebody was never selected (X3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.campaign import Campaign, Selection
from domain.contact import Contact, Source
from domain.why_not import Missed, Pickings
from tests.builders import NOW, a_campaign, a_contact, a_member, a_record, a_stamp


def why(
    campaign: Campaign, contact: Contact, *, chosen: Sequence[str] = (), reviewed_at: datetime | None = None
) -> Missed:
    (found,) = Pickings(campaign, {"Leads:1": a_record()}, chosen, reviewed_at).why_not(contact)
    return found


def picking(**selection: object) -> Campaign:
    return a_campaign(recipients=Selection(**selection))  # type: ignore[arg-type]


def test_a_module_that_was_not_picked_is_named() -> None:
    assert why(picking(modules=("Contacts",)), a_contact()).why == (
        "was not chosen, and not all of Leads is picked; picked is Contacts"
    )


def test_a_filter_that_a_record_does_not_fit_is_named() -> None:
    found = why(picking(filters={"Leads": 'First_Name = "Bob"'}), a_contact())
    assert found == Missed("Leads:1", 'does not fit the filter of Leads: First_Name = "Bob"')


def test_nobody_is_selected_before_the_review() -> None:
    assert why(a_campaign(), a_contact()).why == "is picked with all of Leads; nobody is selected before the review"


def test_who_came_after_the_review_had_begun_is_told_so() -> None:
    fits = why(picking(filters={"Leads": 'First_Name = "Ann"'}), a_contact(), reviewed_at=NOW)
    assert fits.why.startswith('is picked by the filter First_Name = "Ann" now, and was not when the review began')
    chosen = why(picking(refs=("Leads:1",)), a_contact(), chosen=["Leads:1"], reviewed_at=NOW)
    assert chosen.why.startswith("is picked by itself now")


def test_a_record_that_is_gone_picks_nobody() -> None:
    gone = Source("Leads:1", a_stamp(), gone=True)
    assert why(a_campaign(), a_contact(sources={"Leads:1": gone})).why.startswith("was deleted in the CRM")


def test_members_of_a_list_are_told_why_they_were_left_out() -> None:
    member = replace(a_member(), sources={})
    assert "goes to who was picked" in why(a_campaign(), member).why
    assert why(a_campaign(list_id="other"), member) == Missed("list news", "is not the list of this campaign")
    assert "before the review" in why(picking(list_members=True), member).why
    assert "after the review had begun" in why(picking(list_members=True), member, reviewed_at=NOW).why
