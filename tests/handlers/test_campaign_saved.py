"""Drafts are created and changed, R6, R34-R53."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.campaign import Campaign, CampaignStatus, LawfulBasis, Origin
from domain.errors import EditionRequired, IllegalTransition, InvalidDefinition, TemplateInvalid
from domain.organisation import Edition, Organisation
from domain.saved_template import SavedTemplate
from handlers.campaign_saved import CampaignKeeper
from messages.campaign_saved import CampaignSaved
from tests.builders import NOW
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.templates import MemoryTemplates
from tests.handlers.reviewing import GREEN


def document(**overrides: Any) -> CampaignSaved:
    defaults: dict[str, Any] = {
        "campaign_id": "spring",
        "name": "Spring news",
        "sender": {"name": "Green Ltd", "address": "news@green.example"},
        "content": {"subject": "Hello", "text": "Hello {{ first_name }}"},
        "recipients": {"modules": ["Leads"]},
        "list": "news",
    }
    return CampaignSaved.model_validate({**defaults, **overrides})


class Desk:
    def __init__(self, *templates: SavedTemplate, organisation: Organisation = GREEN) -> None:
        self.campaigns = MemoryCampaigns()
        self.keep = CampaignKeeper(self.campaigns, MemoryTemplates(*templates), organisation, lambda: NOW)

    @property
    def stored(self) -> Campaign:
        return self.campaigns.stored["spring"]


async def test_a_document_creates_a_draft() -> None:
    desk = Desk()
    assert await desk.keep(document()) == []
    assert (desk.stored.status, desk.stored.created_at) == (CampaignStatus.DRAFT, NOW)
    assert desk.stored.content.subject == "Hello"
    assert desk.stored.origin is Origin.CRM


async def test_a_repeated_document_changes_nothing() -> None:
    desk = Desk()
    await desk.keep(document())
    before = desk.stored
    await desk.keep(document())
    assert desk.stored == before


async def test_a_repeated_document_is_no_error_after_the_review_began() -> None:
    desk = Desk()
    await desk.keep(document())
    before = desk.campaigns.stored["spring"] = replace(desk.stored, status=CampaignStatus.IN_REVIEW)
    await desk.keep(document())
    assert desk.stored == before


async def test_another_document_changes_the_draft_and_keeps_its_life_so_far() -> None:
    desk = Desk()
    await desk.keep(document())
    await desk.keep(document(name="Late spring", topic="events"))
    assert (desk.stored.name, desk.stored.topic) == ("Late spring", "events")
    assert (desk.stored.created_at, desk.stored.revision) == (NOW, 2)


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (CampaignStatus.REVIEWED, "campaigns campaign reopen spring"),
        (CampaignStatus.REJECTED, "campaigns campaign reopen spring"),
        (CampaignStatus.SENDING, "campaigns campaign create"),
    ],
)
async def test_only_a_draft_changes(status: CampaignStatus, wanted: str) -> None:
    desk = Desk()
    await desk.keep(document())
    before = desk.campaigns.stored["spring"] = replace(desk.stored, status=status)
    with pytest.raises(IllegalTransition, match=wanted):
        await desk.keep(document(name="Late spring"))
    assert desk.stored == before


# ---- editions (R5, R6)


@pytest.mark.parametrize("edition", [Edition.STANDARD, Edition.PROFESSIONAL])
async def test_the_crm_creates_campaigns_with_enterprise_only(edition: Edition) -> None:
    desk = Desk(organisation=replace(GREEN, edition=edition))
    with pytest.raises(EditionRequired, match=f"enterprise or above; yours is {edition}"):
        await desk.keep(document())
    assert desk.campaigns.stored == {}


@pytest.mark.parametrize("edition", list(Edition))
async def test_every_edition_creates_campaigns_here(edition: Edition) -> None:
    desk = Desk(organisation=replace(GREEN, edition=edition))
    await desk.keep(document(origin="campaigns"))
    assert desk.stored.origin is Origin.CAMPAIGNS


# ---- content (R42, R43)


async def test_a_predesigned_template_is_copied_with_its_places_filled() -> None:
    desk = Desk()
    part = {"subject": "Hello", "template": "newsletter", "places": {"headline": "Spring is here"}}
    await desk.keep(document(content=part))
    assert "Spring is here" in (desk.stored.content.html or "")
    assert (desk.stored.content.template, desk.stored.content.subject) == ("newsletter", "Hello")


async def test_a_saved_template_is_copied_and_wins_over_a_predesigned_one_of_the_same_name() -> None:
    desk = Desk(SavedTemplate("newsletter", text="Ours {{ unsubscribe_url }}"))
    await desk.keep(document(content={"subject": "Hello", "template": "newsletter"}))
    assert (desk.stored.content.text or "").startswith("Ours")


async def test_content_of_ones_own_gets_a_footer() -> None:
    desk = Desk()
    await desk.keep(document())
    for wanted in ("{{ organisation_name }}", "{{ organisation_postal_address }}", "{{ unsubscribe_url }}"):
        assert wanted in (desk.stored.content.text or "")


async def test_content_may_come_later() -> None:
    desk = Desk()
    await desk.keep(document(content={"subject": "Hello"}))
    assert desk.stored.content.html is desk.stored.content.text is None


async def test_an_unknown_template_is_refused_by_name() -> None:
    with pytest.raises(InvalidDefinition, match=r"no template nowhere.*campaigns template list"):
        await Desk().keep(document(content={"subject": "Hello", "template": "nowhere"}))


async def test_content_that_does_not_compile_is_refused_with_its_line() -> None:
    with pytest.raises(TemplateInvalid, match="text, line 2"):
        await Desk().keep(document(content={"subject": "Hello", "text": "Hello\n{% if %}"}))


# ---- recipients and lawful basis (R46, R47, R53)


async def test_more_chosen_people_than_the_limit_are_refused_with_module_limit_and_count() -> None:
    too_many = {"records": {"Leads": [str(n) for n in range(200_001)]}}
    desk = Desk()
    with pytest.raises(InvalidDefinition, match="Leads: 200,001 people are picked, the limit per module is 200,000"):
        await desk.keep(document(recipients=too_many))
    assert desk.campaigns.stored == {}


async def test_gdpr_makes_a_lawful_basis_mandatory() -> None:
    desk = Desk(organisation=replace(GREEN, gdpr=True))
    with pytest.raises(InvalidDefinition, match="--lawful-basis"):
        await desk.keep(document())
    await desk.keep(document(lawful_basis="contract"))
    assert desk.stored.lawful_basis is LawfulBasis.CONTRACT
