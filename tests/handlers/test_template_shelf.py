"""Templates wherever they are kept: of the product, saved, and sent lately (R42)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.campaign import Campaign, CampaignStatus, Content
from domain.errors import InvalidDefinition
from domain.predesigned import Shelf, predesigned_templates
from domain.saved_template import SavedTemplate
from handlers.template_shelf import MOST_RECENT, TemplateShelf
from tests.builders import NOW, a_campaign, later
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.templates import MemoryTemplates

OURS = list(predesigned_templates())
MINE = SavedTemplate("mine", "Our garden", "<p>Hi</p>", None, NOW, "In short")


def sent(campaign_id: str, status: CampaignStatus = CampaignStatus.SENT, at_s: float = 0) -> Campaign:
    content = Content(f"Subject of {campaign_id}", "Pre", "<p>Sent</p>", "Sent\n")
    campaign = replace(a_campaign(content=content), id=campaign_id, name=f"Name of {campaign_id}")
    return replace(campaign, status=status, status_at=later(at_s))


def shelf(*campaigns: Campaign) -> TemplateShelf:
    return TemplateShelf(MemoryTemplates(MINE), MemoryCampaigns(*campaigns))


async def test_r42_all_kinds_are_listed_and_the_last_sent_comes_first() -> None:
    found = await shelf(sent("old"), sent("new", at_s=5), sent("draft", CampaignStatus.DRAFT)).entries()
    assert [entry.name for entry in found] == [*OURS, "mine", "sent:new", "sent:old"]
    assert [entry.kind for entry in found][-3:] == [Shelf.SAVED, Shelf.SENT, Shelf.SENT]
    assert (found[-1].title, found[-1].description, found[-1].at) == ("Name of old", "Subject of old", NOW)


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("survey", ["survey"]),
        ("GARDEN", ["mine"]),
        ("recently sent spring", ["sent:spring"]),
        ("saved", ["mine"]),
        ("basic column", ["basic-one-column", "basic-two-column"]),
        ("nothing like it", []),
    ],
)
async def test_r42_templates_are_found_by_words_in_any_order(search: str, names: list[str]) -> None:
    assert [entry.name for entry in await shelf(sent("spring")).entries(search)] == names


async def test_the_list_ends_with_the_most_recent_and_a_search_goes_through_all() -> None:
    many = shelf(*(sent(f"c{number:02}", at_s=number) for number in range(MOST_RECENT + 5)))
    listed = [entry.name for entry in await many.entries() if entry.kind is Shelf.SENT]
    assert (len(listed), listed[0]) == (MOST_RECENT, f"sent:c{MOST_RECENT + 4}")
    assert [entry.name for entry in await many.entries("c00")] == ["sent:c00"]


async def test_r42_what_was_sent_is_a_template_with_a_subject_of_its_own_or_another() -> None:
    source = await shelf(sent("spring")).source("sent:spring", {})
    assert (source.subject, source.preheader, source.html) == ("Subject of spring", "Pre", "<p>Sent</p>")
    assert (await shelf(sent("spring")).source("sent:spring", {}, subject="Mine")).subject == "Mine"


async def test_a_saved_template_comes_with_its_suggestions() -> None:
    source = await shelf().source("mine", {}, preheader="Other")
    assert (source.subject, source.preheader, source.html) == ("Our garden", "Other", "<p>Hi</p>")


async def test_a_template_of_the_product_comes_with_its_places_filled() -> None:
    assert "Spring" in ((await shelf().source("newsletter", {"headline": "Spring"})).html or "")


@pytest.mark.parametrize(
    ("name", "places", "why"),
    [
        ("brochure", {}, "there is no template brochure; `campaigns template list` shows all"),
        ("sent:nowhere", {}, "there is no campaign nowhere with content"),
        ("sent:empty", {}, "there is no campaign empty with content"),
        ("mine", {"headline": "x"}, "template mine has no places to fill"),
        ("newsletter", {"hedline": "x"}, "no place hedline"),
    ],
)
async def test_what_is_not_there_is_refused_by_name(name: str, places: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidDefinition, match=why):
        await shelf(replace(sent("empty"), content=Content("s"))).source(name, places)
