"""Reviews of people whom a filter picks, or who are kept apart from their campaign (R45, D9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.campaign import Campaign, CampaignStatus, Selection, changed_since_review
from domain.errors import NotReady
from domain.module import Module, ModuleField
from domain.record import Record, RecordField
from domain.selections import MOST_INLINE
from handlers.campaign_moves import CampaignMoves
from handlers.campaign_saved import CampaignKeeper
from handlers.picking import Picker
from handlers.selection import Selector
from messages.campaign_saved import CampaignSaved
from messages.review_requested import ReviewRequested
from tests.builders import NOW, a_member, a_record, later
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.slices import MemorySlices
from tests.fakes.templates import MemoryTemplates
from tests.handlers.reviewing import GREEN, House, a_draft

IN_ROME = {"Leads": 'City = "Rome"'}
REQUEST = ReviewRequested(campaign_id="spring")


def lead(number: int, city: str = "Rome", **overrides: Any) -> Record:
    return a_record(f"{number:04}", {"Email": f"p{number}@example.com", "City": city}, **overrides)


def a_house(selection: Selection, *records: Record, **draft: Any) -> House:
    campaigns = MemoryCampaigns(a_draft(recipients=selection, **draft))
    return House(campaigns=campaigns, records=MemoryRecords(*records))


def refs(house: House) -> list[str]:
    return sorted(row.ref or "" for row in house.emails.stored.values())


def moved_to_oslo(house: House, ref: str) -> None:
    record = house.records.stored[ref]
    fields = {**record.fields, "City": RecordField("Oslo", record.version)}
    house.records.stored[ref] = replace(record, fields=fields, revision=record.revision + 1)


async def the_balanced(house: House) -> Campaign:
    campaign = house.campaigns.stored["spring"]
    assert campaign.status is CampaignStatus.REVIEWED, campaign.status_reason
    assert (await house.books(campaign)).balanced
    return campaign


async def test_only_those_who_fit_the_filter_are_picked_and_counted() -> None:
    house = a_house(Selection(filters=IN_ROME), *(lead(n, "Rome" if n % 2 else "Oslo") for n in range(10)))
    await house.reviewed()
    campaign = await the_balanced(house)
    assert refs(house) == [f"Leads:{n:04}" for n in range(1, 10, 2)]
    assert campaign.report is not None
    assert (campaign.report.from_modules, campaign.report.selected) == ({"Leads": 5}, 5)


async def test_deleted_records_fit_no_filter() -> None:
    house = a_house(Selection(filters=IN_ROME), lead(1), lead(2, deleted_version=3))
    await house.reviewed()
    assert refs(house) == ["Leads:0001"]


async def test_who_is_chosen_besides_is_picked_once() -> None:
    house = a_house(Selection(refs=("Leads:0001", "Leads:0005"), filters=IN_ROME), lead(1), lead(2), lead(5, "Oslo"))
    await house.reviewed()
    campaign = await the_balanced(house)
    assert campaign.report is not None
    assert campaign.report.from_modules == {"Leads": 3}


async def test_of_two_records_with_one_address_only_the_picked_one_counts() -> None:
    newer = a_record("0009", {"Email": "p1@example.com", "City": "Oslo"}, changed_at=later(60))
    house = a_house(Selection(filters=IN_ROME), lead(1), newer)
    await house.reviewed()
    await the_balanced(house)
    assert (refs(house), house.to_send()) == (["Leads:0001"], ["p1@example.com"])


async def test_whom_a_filter_picked_is_frozen_when_the_review_has_begun() -> None:
    house = a_house(Selection(filters=IN_ROME), *(lead(n) for n in range(7)), lead(8, "Oslo"))
    first = await house.step(REQUEST)
    second = [message for each in first for message in await house.step(each)]
    for ref in ("Leads:0000", "Leads:0003"):
        moved_to_oslo(house, ref)
    await house.run(second)
    await the_balanced(house)
    assert refs(house) == [f"Leads:{n:04}" for n in range(7)]


async def test_the_batches_of_a_narrow_filter_are_cut_by_those_whom_it_picks() -> None:
    """Not by those whom it looked through: hundreds of empty batches cost a send seconds."""
    everybody = [lead(n, "Rome" if n % 15 == 7 else "Oslo") for n in range(30)]
    house = a_house(Selection(filters=IN_ROME), *everybody)
    await house.reviewed()
    campaign = await the_balanced(house)
    assert house.to_send() == ["p22@example.com", "p7@example.com"]
    assert campaign.slices == 2  # of one range of 3 people, two to a batch


@pytest.mark.parametrize("seed", range(10))
async def test_slices_of_a_narrow_filter_may_come_twice_and_in_any_order(seed: int) -> None:
    """A slice of the first step may come when the second one has none of its number."""
    house = a_house(Selection(filters=IN_ROME), *(lead(n, "Rome" if n in {1, 8} else "Oslo") for n in range(12)))
    await house.run([REQUEST], seed=seed, times=2)
    await the_balanced(house)
    assert house.to_send() == ["p1@example.com", "p8@example.com"]


async def test_a_filter_that_picks_nobody_is_rejected_with_that_reason() -> None:
    house = a_house(Selection(filters=IN_ROME), lead(1, "Oslo"))
    await house.reviewed()
    campaign = house.campaigns.stored["spring"]
    assert (campaign.status, campaign.slices) == (CampaignStatus.REJECTED, 0)
    assert "nobody was selected" in (campaign.status_reason or "")


async def test_a_slice_that_runs_again_after_a_change_finds_the_same_people() -> None:
    house = a_house(Selection(filters=IN_ROME), *(lead(n) for n in range(3)))
    [only] = await house.step(REQUEST)
    campaign, run = house.campaigns.stored["spring"], house.runs.stored["spring-r1"]
    await house.reviewer.recipients(campaign, run.slice(0))
    moved_to_oslo(house, "Leads:0001")
    await house.run([only])
    await the_balanced(house)
    assert refs(house) == [f"Leads:{n:04}" for n in range(3)]


async def test_a_filter_whose_field_was_renamed_meanwhile_is_refused_before_anything_is_locked() -> None:
    """`!=` would hold for everybody: nobody has a value under the old name."""
    house = a_house(Selection(filters={"Leads": 'City != "Oslo"'}), lead(1), lead(2, "Oslo"))
    fields = (ModuleField("Email", "Email", "email"), ModuleField("Town", "Town", "text"))
    house.modules = MemoryModules(Module("Leads", "Leads", fields, "Email", {}))
    before = house.campaigns.stored["spring"]
    with pytest.raises(NotReady, match=r"fits module Leads \(Leads has no field City.*--filter 'Leads=FILTER'"):
        await house.reviewer.start.check(before, include_existing_members=False)  # as a dry run does
    with pytest.raises(NotReady, match="City"):
        await house.step(ReviewRequested(campaign_id="spring"))
    assert (house.campaigns.stored["spring"], house.runs.stored) == (before, {})


async def many(count: int, **selection: Any) -> House:
    """A house with a draft whose people are kept apart."""
    house = a_house(Selection(**selection), *(lead(n) for n in range(count)))
    house.slice_size = 500
    picker = Picker(house.campaigns, Selector(house.records, house.selections))
    picked = [f"Leads:{n:04}" for n in reversed(range(count))]
    await picker(house.campaigns.stored["spring"], [picked[:700], picked[700:]], "import-1", author="bob")
    return house


async def test_people_who_are_kept_apart_are_reviewed_each_once() -> None:
    house = await many(MOST_INLINE + 5)
    await house.reviewed()
    campaign = await the_balanced(house)
    assert campaign.recipients.kept is not None
    assert refs(house) == [f"Leads:{n:04}" for n in range(MOST_INLINE + 5)]


async def test_of_those_kept_apart_whose_whole_module_is_picked_too_everybody_counts_once() -> None:
    house = await many(MOST_INLINE + 5, modules=("Leads",))
    await house.reviewed()
    campaign = await the_balanced(house)
    assert campaign.report is not None
    assert campaign.report.from_modules == {"Leads": MOST_INLINE + 5}


async def test_who_is_kept_apart_is_no_list_member_besides() -> None:
    house = await many(MOST_INLINE + 5)
    house.contacts = MemoryContacts(a_member("p1@example.com", sources={}), a_member("other@example.com", sources={}))
    await house.reviewed(include_existing_members=True)
    campaign = await the_balanced(house)
    assert campaign.report is not None
    assert campaign.report.from_list == 1


@pytest.mark.parametrize(
    "changed",
    [{"filters": {"Leads": "City is empty"}}, {"kept": None}, {"modules": ("Contacts",)}],
)
async def test_another_selection_than_the_reviewed_one_is_noticed(changed: dict[str, Any]) -> None:
    house = await many(MOST_INLINE + 5, filters=IN_ROME)
    reviewed = await house.reviewed()
    assert changed_since_review(reviewed) == []
    other = replace(reviewed, recipients=replace(reviewed.recipients, **changed))
    assert changed_since_review(other) == ["recipients"]


async def test_the_documents_wish_for_the_lists_members_is_followed() -> None:
    house = a_house(Selection(list_members=True))
    house.contacts = MemoryContacts(a_member("ann@example.com"))
    await house.reviewed()
    campaign = await the_balanced(house)
    assert (campaign.include_existing_members, house.to_send()) == (True, ["ann@example.com"])


async def test_a_crash_after_any_step_is_mended_by_the_repeat() -> None:
    """The second step has fewer slices than the first here: a repeat may name one that is not there any more."""
    at, died = 0, True
    while died:
        at += 1
        house = a_house(Selection(filters=IN_ROME), *(lead(n, "Rome" if n % 2 else "Oslo") for n in range(8)))
        died = await house.run_and_die(REQUEST, at)
        await the_balanced(house)
        assert refs(house) == [f"Leads:{n:04}" for n in range(1, 8, 2)]
    assert at > 20


async def test_whom_an_earlier_review_froze_is_forgotten_when_the_draft_changes() -> None:
    house = a_house(Selection(filters=IN_ROME), lead(1))
    await house.reviewed()
    assert house.selections.keys == {"run:spring-r1"}
    await CampaignMoves(house.campaigns, house.emails, MemorySlices(), lambda: NOW).reopen("spring")
    keep = CampaignKeeper(
        house.campaigns,
        MemoryTemplates(),
        GREEN,
        lambda: NOW,
        house.modules,
        Selector(house.records, house.selections),
    )
    before = CampaignSaved.of(house.campaigns.stored["spring"])
    await keep(before.model_copy(update={"name": "Another"}))
    assert house.selections.keys == set()
