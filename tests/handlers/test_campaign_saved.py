"""Drafts are created and changed, R6, R34-R53."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from domain import readiness
from domain.campaign import Campaign, CampaignStatus, LawfulBasis, Origin, Selection
from domain.errors import Conflict, EditionRequired, IllegalTransition, InvalidDefinition, TemplateInvalid
from domain.faults import Faulty
from domain.organisation import Edition, Organisation
from domain.saved_template import SavedTemplate
from domain.selections import MOST_INLINE
from handlers.campaign_saved import CampaignKeeper
from handlers.selection import Selector
from messages.campaign_saved import CampaignSaved
from tests.builders import NOW, a_record, later
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.selections import MemorySelections
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


class Overtaken(MemoryCampaigns):
    """Somebody else saves each campaign right after it was read."""

    def __init__(self, campaigns: MemoryCampaigns) -> None:
        self.stored, self.next_slice = campaigns.stored, campaigns.next_slice

    async def get(self, campaign_id: str) -> Campaign | None:
        found = await super().get(campaign_id)
        if found is not None:
            await self.save(replace(found, name="Seventh", source_order=7), expected={found.status})
        return found


class Desk:
    def __init__(self, *templates: SavedTemplate, organisation: Organisation = GREEN) -> None:
        self.campaigns = MemoryCampaigns()
        self.records, self.selections = MemoryRecords(), MemorySelections()
        self.keep = CampaignKeeper(
            self.campaigns,
            MemoryTemplates(*templates),
            organisation,
            lambda: NOW,
            MemoryModules(),
            Selector(self.records, self.selections),
        )

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


async def test_the_author_is_who_saved_it_last_and_a_repeat_by_somebody_else_is_no_authorship() -> None:
    """Four eyes: docs/review.md."""
    desk = Desk()
    await desk.keep(document(saved_by="ann"))
    before = desk.stored
    await desk.keep(document(saved_by="bob"))
    assert (desk.stored, desk.stored.author) == (before, "ann")
    await desk.keep(document(saved_by="bob", name="Other"))
    assert desk.stored.author == "bob"


async def test_of_a_document_that_names_nobody_nobody_knows_who_wrote_it() -> None:
    """Else whoever wrote it in the CRM could approve it: he is somebody other than "crm"."""
    desk = Desk()
    await desk.keep(document(saved_by="ann"))
    await desk.keep(document(saved_by=" ", name="Other"))
    assert desk.stored.author is None


async def test_a_draft_that_nobody_wrote_is_claimed_by_whoever_saves_it_as_it_is() -> None:
    desk = Desk()
    await desk.keep(document())
    await desk.keep(document(saved_by="bob"))
    assert desk.stored.author == "bob"
    await desk.keep(document())
    assert desk.stored.author == "bob"


async def test_a_reviewed_campaign_is_claimed_by_nobody() -> None:
    desk = Desk()
    await desk.keep(document())
    before = desk.campaigns.stored["spring"] = replace(desk.stored, status=CampaignStatus.REVIEWED)
    await desk.keep(document(saved_by="bob"))
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
        (CampaignStatus.IN_REVIEW, "let its review end, then: campaigns campaign reopen spring"),
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


# ---- which of two documents is newer (D4)


def later_document(**overrides: Any) -> CampaignSaved:
    return document(**{"source_version": 5, "name": "Fifth", **overrides})


@pytest.mark.parametrize("version", [4, 5])
async def test_an_older_document_or_one_as_old_changes_nothing(version: int) -> None:
    desk = Desk()
    await desk.keep(later_document())
    before = desk.stored
    await desk.keep(later_document(source_version=version, name="Another"))
    assert desk.stored == before


async def test_a_newer_document_changes_the_draft() -> None:
    desk = Desk()
    await desk.keep(later_document())
    await desk.keep(later_document(source_version=6, name="Sixth"))
    assert (desk.stored.name, desk.stored.source_order) == ("Sixth", 6)


async def test_without_versions_the_time_of_saving_decides() -> None:
    desk = Desk()
    await desk.keep(document(name="Later", saved_at=later(1)))
    await desk.keep(document(name="Earlier", saved_at=NOW))
    assert desk.stored.name == "Later"


async def test_what_was_changed_here_stays_when_the_same_document_comes_again() -> None:
    desk = Desk()
    await desk.keep(later_document())
    await desk.keep(document(name="Ours", origin="campaigns"))
    await desk.keep(later_document())
    assert (desk.stored.name, desk.stored.source_order) == ("Ours", 5)


async def test_news_that_say_nothing_new_still_make_what_is_older_old_news() -> None:
    desk = Desk()
    await desk.keep(later_document())
    desk.campaigns.stored["spring"] = replace(desk.stored, status=CampaignStatus.REVIEWED)
    await desk.keep(later_document(source_version=7))
    await desk.keep(later_document(source_version=6, name="Sixth"))
    assert (desk.stored.name, desk.stored.source_order, desk.stored.status) == ("Fifth", 7, CampaignStatus.REVIEWED)


async def test_an_older_document_is_no_error_after_the_review_began() -> None:
    desk = Desk()
    await desk.keep(later_document())
    before = desk.campaigns.stored["spring"] = replace(desk.stored, status=CampaignStatus.IN_REVIEW)
    await desk.keep(later_document(source_version=3, name="Third"))
    assert desk.stored == before


async def test_a_document_that_was_overtaken_while_it_was_kept_is_tried_again() -> None:
    desk = Desk()
    await desk.keep(later_document())
    overtaken = replace(desk.keep, campaigns=Overtaken(desk.campaigns))
    with pytest.raises(Conflict):
        await overtaken(later_document(source_version=6, name="Sixth"))
    assert desk.stored.name == "Seventh"


# ---- member statuses (R49) and the rest


async def test_people_are_added_with_a_status_that_there_is() -> None:
    desk = Desk(organisation=replace(GREEN, member_statuses=("Registered",)))
    for said, stored in (("opted out", "Opted Out"), ("REGISTERED", "Registered")):
        await desk.keep(document(member_status=said))
        assert desk.stored.member_status == stored


async def test_an_unknown_member_status_is_refused_with_the_list() -> None:
    desk = Desk(organisation=replace(GREEN, member_statuses=("Registered",)))
    told = "no status 'Curious'; there are Planned, Invited, Sent, Received, Opened, Responded, Bounced, Opted Out, Reg"
    with pytest.raises(InvalidDefinition, match=told):
        await desk.keep(document(member_status="Curious"))


async def test_a_campaign_of_the_crm_is_edited_here_in_every_edition() -> None:
    desk = Desk()
    await desk.keep(document())
    lesser = replace(desk.keep, organisation=replace(GREEN, edition=Edition.STANDARD))
    await lesser(document(name="Ours", origin="campaigns"))
    assert (desk.stored.name, desk.stored.origin) == ("Ours", Origin.CRM)


@pytest.mark.parametrize("field", ["subject", "preheader"])
@pytest.mark.parametrize("ending", "\r \n \x0b \x0c \x85 \u2028 \u2029".split(" "))
def test_what_stands_in_a_header_begins_no_other_one(field: str, ending: str) -> None:
    content = {"subject": "Hello", field: f"Hello{ending}Bcc: everybody@example.com"}
    with pytest.raises(ValidationError, match=field):
        document(content=content)
    with pytest.raises(ValidationError, match=r"sender\.name"):
        document(sender={"name": f"Green{ending}Bcc: a", "address": "news@green.example"})


# ---- whom it goes to (R45-R47)


def records(count: int, first: int = 0) -> dict[str, list[str]]:
    return {"Leads": [f"{number:07}" for number in range(first, first + count)]}


async def test_a_few_chosen_people_stand_in_the_campaign() -> None:
    desk = Desk()
    await desk.keep(document(recipients={"records": {"Leads": ["2", "1", "2"]}}))
    assert desk.stored.recipients == Selection(refs=("Leads:2", "Leads:1"))
    assert desk.selections.stored == {}


async def test_many_are_kept_apart_and_the_same_document_changes_nothing() -> None:
    desk = Desk()
    for _ in range(2):
        await desk.keep(document(recipients={"records": records(MOST_INLINE + 1)}))
    kept = desk.stored.recipients.kept
    assert kept is not None
    assert (desk.stored.revision, desk.stored.recipients.refs, kept.counts) == (1, (), {"Leads": MOST_INLINE + 1})
    assert desk.selections.all(kept.key) == {f"Leads:{number:07}" for number in range(MOST_INLINE + 1)}


async def test_in_another_order_they_are_the_same_people() -> None:
    desk = Desk()
    wanted = records(MOST_INLINE + 1)
    await desk.keep(document(recipients={"records": wanted}))
    await desk.keep(document(recipients={"records": {"Leads": list(reversed(wanted["Leads"]))}}))
    assert desk.stored.revision == 1


async def test_other_people_take_the_place_of_those_before_who_are_forgotten() -> None:
    desk = Desk()
    for first in (0, 1):
        await desk.keep(document(recipients={"records": records(MOST_INLINE + 1, first)}))
    kept = desk.stored.recipients.kept
    assert kept is not None
    assert desk.selections.keys == {kept.key}
    await desk.keep(document())
    assert desk.selections.keys == set()


async def test_a_document_may_leave_those_who_are_chosen_as_they_are() -> None:
    desk = Desk()
    await desk.keep(document(recipients={"records": records(MOST_INLINE + 1)}))
    before = desk.stored.recipients
    await desk.keep(document(recipients={"records": None, "modules": ["Contacts"]}))
    assert desk.stored.recipients == replace(before, modules=("Contacts",))


async def test_people_of_a_campaign_that_cannot_change_are_not_kept() -> None:
    desk = Desk()
    await desk.keep(document())
    desk.campaigns.stored["spring"] = replace(desk.stored, status=CampaignStatus.IN_REVIEW)
    with pytest.raises(IllegalTransition, match="spring is in_review"):
        await desk.keep(document(recipients={"records": records(MOST_INLINE + 1)}))
    assert desk.selections.stored == {}


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"Leads": "City ="}, r"recipients\.filters\.Leads: filter, character 7: a text in quotes"),
        ({"Leads": "Citty is empty"}, "Leads has no field Citty; did you mean City"),
        ({"Dragons": "City is empty"}, "module Dragons is"),
        ({"Contacts": "Email is empty"}, "all of Contacts are picked"),
    ],
)
async def test_a_filter_that_cannot_be_used_is_refused_with_its_place(filters: dict[str, str], told: str) -> None:
    desk = Desk()
    with pytest.raises(InvalidDefinition, match=told):
        await desk.keep(document(recipients={"modules": ["Contacts"], "filters": filters}))
    assert desk.campaigns.stored == {}


async def test_limits_count_whole_modules_and_only_those_who_fit_a_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "MAX_PER_MODULE", 3)
    monkeypatch.setattr(readiness, "MAX_IN_ALL", 4)
    desk = Desk()
    leads = [a_record(f"{number}", {"City": "Rome" if number < 3 else "Oslo"}) for number in range(5)]
    for record in [*leads, *(a_record(f"{number}", module="Contacts") for number in range(2))]:
        desk.records.stored[record.ref] = record
    with pytest.raises(InvalidDefinition, match="Leads: 5 people are picked, the limit per module is 3"):
        await desk.keep(document(recipients={"modules": ["Leads"]}))
    fit = {"filters": {"Leads": "City = 'Rome'"}}
    await desk.keep(document(recipients={**fit, "records": {"Leads": ["0"]}}))  # 0 fits too, and counts once
    with pytest.raises(InvalidDefinition, match="Leads: 4 people"):
        await desk.keep(document(recipients={**fit, "records": {"Leads": ["4"]}}))
    with pytest.raises(InvalidDefinition, match="5 people are picked in all, the limit is 4"):
        await desk.keep(document(recipients={**fit, "modules": ["Contacts"]}))
    assert desk.stored.recipients == Selection(refs=("Leads:0",), filters={"Leads": "City = 'Rome'"})


FAULTY: dict[str, Any] = {
    "member_status": "Zapped",
    "content": {"subject": "Hello", "text": "{{ first_name"},
    "recipients": {"filters": {"Leads": "City = ", "Nope": "City is empty"}},
}


async def test_all_that_has_to_be_looked_up_is_told_at_once() -> None:
    desk = Desk(organisation=replace(GREEN, gdpr=True))
    with pytest.raises(Faulty) as caught:
        await desk.keep(document(**FAULTY))
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "text, line 1", "member_status", "recipients.filters.Leads", "recipients.filters.Nope", "campaign spring",
    ]  # fmt: skip
    assert (caught.value.code, desk.campaigns.stored) == ("invalid_definition", {})


async def test_a_template_that_is_not_there_hides_no_other_fault_and_changes_nothing() -> None:
    desk = Desk()
    await desk.keep(document())
    before = desk.stored
    with pytest.raises(Faulty, match=r"(?s)there is no template lost.*filters\.Nope"):
        await desk.keep(
            document(content={"subject": "Hi", "template": "lost"}, recipients={"filters": {"Nope": "A = 1"}})
        )
    assert desk.stored == before
