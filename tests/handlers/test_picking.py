"""Records are picked for a draft a window at a time, R45-R48."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from domain import readiness
from domain.campaign import Campaign, CampaignStatus, Selection
from domain.errors import Conflict, IllegalTransition, InvalidDefinition
from domain.selections import MOST_INLINE, Tally
from handlers.picking import Picker
from handlers.selection import Selector
from tests.builders import a_campaign
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.records import MemoryRecords
from tests.fakes.selections import MemorySelections


def refs(count: int, first: int = 0) -> list[str]:
    return [f"Leads:{number:07}" for number in range(first, first + count)]


def windows(found: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    return (found[first : first + size] for first in range(0, len(found), size))


class Desk:
    def __init__(self, recipients: Selection = Selection()) -> None:  # noqa: B008 - frozen
        self.campaigns = MemoryCampaigns(a_campaign(recipients=recipients))
        self.selections = MemorySelections()
        self.picker = Picker(self.campaigns, Selector(MemoryRecords(), self.selections))

    @property
    def stored(self) -> Campaign:
        return self.campaigns.stored["spring"]

    async def pick(self, found: Sequence[str], name: str = "import-1") -> Campaign:
        return await self.picker(self.stored, windows(found), name, author="bob")

    def picked(self) -> set[str]:
        kept = self.stored.recipients.kept
        return {*self.stored.recipients.refs, *(self.selections.all(kept.key) if kept else ())}


async def test_a_few_stand_in_the_campaign_in_the_order_in_which_they_were_picked() -> None:
    desk = Desk(Selection(("Contacts",), ("Leads:9",)))
    await desk.pick(["Leads:3", "Leads:1", "Leads:3", "Leads:9"])
    assert desk.stored.recipients == Selection(("Contacts",), ("Leads:9", "Leads:3", "Leads:1"))


async def test_many_are_kept_apart_each_once() -> None:
    desk = Desk(Selection(refs=("Leads:9",)))
    await desk.pick([*refs(1_500), *refs(1_500), "Leads:9"])
    kept = desk.stored.recipients.kept
    assert kept is not None
    assert (kept.counts, desk.stored.recipients.refs) == ({"Leads": 1_501}, ())
    assert desk.picked() == {"Leads:9", *refs(1_500)}
    assert kept.digest == Tally().after(desk.picked()).digest


async def test_the_same_pick_again_changes_nothing() -> None:
    desk = Desk()
    await desk.pick(refs(1_500))
    before = desk.stored
    assert await desk.pick(refs(1_500)) == before == desk.stored


async def test_who_picks_is_the_author_unless_nobody_new_was_picked() -> None:
    """Four eyes: docs/review.md."""
    desk = Desk()
    await desk.pick(refs(3))
    assert desk.stored.author == "bob"
    await desk.picker(desk.stored, windows(refs(3)), "import-1", author="eve")
    assert desk.stored.author == "bob"


async def test_more_are_added_and_the_copy_before_is_forgotten() -> None:
    desk = Desk()
    await desk.pick(refs(1_500))
    await desk.pick(refs(1_000, first=1_000), name="import-2")
    kept = desk.stored.recipients.kept
    assert kept is not None
    assert desk.selections.keys == {kept.key}
    assert desk.picked() == set(refs(2_000))


async def test_one_that_was_killed_is_picked_whole_by_the_next() -> None:
    desk = Desk()

    def killed() -> Iterator[Sequence[str]]:
        yield from windows(refs(1_000))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await desk.picker(desk.stored, killed(), "import-1", author="bob")
    assert desk.stored.recipients == Selection()
    await desk.pick(refs(2_000))
    assert desk.picked() == set(refs(2_000))
    assert desk.stored.recipients.kept == Tally().after(refs(2_000)).kept("spring:1:import-1")


async def test_one_more_than_the_limit_is_refused_with_module_limit_and_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "MAX_PER_MODULE", 2_000)
    desk = Desk()
    with pytest.raises(InvalidDefinition, match="Leads: 2,001 people are picked, the limit per module is 2,000"):
        await desk.pick(refs(2_001))
    assert desk.stored.recipients == Selection()
    await desk.pick(refs(2_000), name="import-2")
    assert len(desk.picked()) == 2_000


async def test_people_of_a_whole_module_are_counted_though_their_records_are_still_to_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "MAX_PER_MODULE", 3)
    desk = Desk(Selection(("Leads",)))
    with pytest.raises(InvalidDefinition, match="Leads: 4 people are picked"):
        await desk.pick(refs(4))
    await desk.pick(refs(3), name="import-2")
    assert len(desk.picked()) == 3


async def test_a_look_stores_nothing_in_the_campaign() -> None:
    desk = Desk()
    found = await desk.picker.check(desk.stored, windows(refs(MOST_INLINE + 1)), "import-1")
    assert found.kept is not None
    assert (desk.stored.recipients, desk.stored.revision) == (Selection(), 1)


async def test_only_a_draft_is_picked_for() -> None:
    desk = Desk()
    desk.campaigns.stored["spring"] = replace(desk.stored, status=CampaignStatus.IN_REVIEW)
    with pytest.raises(IllegalTransition, match="spring is in_review; recipients are picked for a draft"):
        await desk.pick(refs(1))
    assert desk.selections.stored == {}


async def test_a_campaign_that_was_changed_meanwhile_is_left_alone() -> None:
    desk = Desk()
    before = desk.stored
    desk.campaigns.stored["spring"] = replace(before, revision=2)
    with pytest.raises(Conflict):
        await desk.picker(before, windows(refs(1)), "import-1", author="bob")
    assert desk.stored.recipients == Selection()


async def test_nobody_is_picked_for_a_message_of_a_series() -> None:
    desk = Desk()
    desk.campaigns.stored["spring"] = before = replace(desk.stored, series="welcome")
    with pytest.raises(IllegalTransition, match="campaigns import people FILE --list news"):
        await desk.pick(["Leads:1"])
    assert desk.stored == before
