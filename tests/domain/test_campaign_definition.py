"""What a document says of a campaign is taken over; its life so far stays."""

from __future__ import annotations

from dataclasses import replace

from domain.campaign import CampaignStatus, Content, LawfulBasis, Purpose, Selection, Sender
from domain.campaign_definition import redefined
from messages.campaign_saved import CampaignSaved
from tests.builders import NOW, a_campaign

WANTED = a_campaign(
    name="Summer",
    purpose=Purpose.EVENT,
    sender=Sender("Ann", "ann@green.example", "desk@green.example"),
    content=Content("Come", "all of you", "<p>x</p>", "x", "newsletter"),
    recipients=Selection(("Contacts",)),
    list_id="other",
    topic="events",
    lawful_basis=LawfulBasis.CONTRACT,
    description="d",
    information={"Budget": "1"},
    member_status="Invited",
    schedule="2026-12-01T09:00",
    author="Bob Brown",
    source_order=7,
)


def test_every_field_of_a_document_is_taken_over() -> None:
    assert CampaignSaved.of(redefined(a_campaign(), WANTED)) == CampaignSaved.of(WANTED)


def test_its_life_so_far_stays() -> None:
    known = replace(WANTED, status=CampaignStatus.SENDING, series="welcome", created_at=NOW, revision=3)
    assert redefined(known, WANTED) == known


def test_a_draft_of_which_nobody_knows_who_wrote_it_is_claimed_by_whoever_saves_it() -> None:
    nobodys = replace(WANTED, author=None)
    assert redefined(nobodys, WANTED).author == "Bob Brown"
    assert redefined(replace(nobodys, status=CampaignStatus.REVIEWED), WANTED).author is None
    assert redefined(replace(WANTED, author="Ann Green"), WANTED).author == "Ann Green"
