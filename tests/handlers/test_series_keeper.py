"""R78: people enter a series once, and each of its messages goes to each of them once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.campaign import CampaignStatus, LawfulBasis
from domain.contact import Contact, ContactField, OptOut
from domain.eligibility import SuppressionReason
from domain.email import NO_SLICE, Email, EmailState
from domain.errors import StoreUnavailable
from domain.lists import Suppression
from domain.organisation import Organisation
from domain.series import Delay, DelayUnit, Entry, EntryEnd, Passed, SeriesStatus
from handlers.series_moves import SeriesMoves
from handlers.series_starts import Stand
from tests.builders import NOW, a_contact, a_member, a_stamp, an_id
from tests.fakes.emails import MemoryEmails
from tests.fakes.lists import MemoryLists
from tests.fakes.series_entries import MemoryEntries
from tests.handlers.series_world import GREEN, World, a_child
from tests.series_builders import ANN, a_series, a_step, after_days, after_open, yearly

BEA = "bea@example.com"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


# Entering


async def test_who_joins_the_list_enters_once_and_is_planned_once() -> None:
    world = World()
    await world.joins(ANN)
    for _ in range(3):
        await world.ticks(MINUTE)
    assert (world.entered(), world.planned()) == (1, ["welcome-hello:0"])


async def test_the_row_says_what_the_sender_needs() -> None:
    world = World()
    world.campaigns.stored["welcome-hello"] = replace(world.child(), lawful_basis=LawfulBasis.CONSENT)
    ann = a_member(fields={"time_zone": ContactField("asia/tokyo", a_stamp())})
    await world.contacts.save([ann])
    await world.ticks()
    row = world.row()
    assert (row.state, row.slice, row.next_at, row.state_at) == (EmailState.PLANNED, NO_SLICE, NOW, NOW)
    assert (row.address, row.ref, row.time_zone, row.lawful_basis) == (ANN, "Leads:1", "Asia/Tokyo", "consent")
    assert row.message_id == f"welcome-hello.{an_id(ANN)}.0@green.example"


async def test_the_row_waits_for_the_scheduler_as_every_row_that_is_due() -> None:
    world = World()
    await world.joins(ANN)
    await world.ticks()
    assert await world.emails.due("welcome-hello", world.now, 10) == [world.row().id]


async def test_who_was_on_the_list_before_it_started_enters_only_where_that_is_wanted() -> None:
    for wanted in (False, True):
        world = World([a_series(existing_members=wanted, started_at=NOW + HOUR)])
        await world.joins(ANN)
        await world.ticks(2 * HOUR)
        await world.joins(BEA)
        await world.ticks(MINUTE)
        assert (world.planned(), world.planned(BEA)) == (["welcome-hello:0"] if wanted else [], ["welcome-hello:0"])


async def test_a_member_since_nobody_knows_when_counts_as_existing() -> None:
    for wanted in (False, True):
        world = World([a_series(existing_members=wanted)])
        world.contacts.stored[an_id(ANN)] = replace(a_member(), revision=1)
        await world.ticks()
        assert world.entered() == int(wanted)


async def test_a_membership_that_is_seen_minutes_late_enters_all_the_same() -> None:
    world = World()
    await world.ticks()
    await world.ticks(30 * MINUTE)
    world.now -= 10 * MINUTE
    await world.joins(ANN)
    await world.ticks(11 * MINUTE)
    assert world.planned() == ["welcome-hello:0"]


async def test_a_membership_that_is_seen_much_later_enters_with_the_daily_sweep_and_begins_then() -> None:
    world = World([a_series(after_days("tips", 2))])
    await world.ticks(3 * HOUR)
    world.now -= 2 * HOUR
    await world.joins(ANN)
    await world.ticks(2 * HOUR)
    assert world.entered() == 0
    await world.ticks(DAY + HOUR)
    assert world.entry().entered_at == world.now


async def test_who_joined_while_it_was_paused_for_long_begins_at_the_beginning() -> None:
    world = World([a_series(a_step(), after_days("tips", 2), after_days("last", 4))])
    await world.moves(SeriesStatus.PAUSED)
    await world.joins(ANN)
    await world.ticks(9 * DAY)
    assert world.entered() == 0
    await world.moves(SeriesStatus.RUNNING)
    await world.ticks()
    assert world.planned() == ["welcome-hello:0"]


async def test_people_of_other_lists_do_not_enter() -> None:
    world = World()
    await world.joins(ANN, list_id="other")
    await world.ticks()
    assert world.entered() == 0


async def test_a_list_longer_than_a_page_enters_whole() -> None:
    world = World([a_series(existing_members=True)], at_once=3)
    people = [f"p{n}@example.com" for n in range(10)]
    await world.joins(*people)
    await world.ticks()
    assert all(world.planned(each) == ["welcome-hello:0"] for each in people)


# Leaving and coming back


async def test_who_left_the_list_gets_nothing_more() -> None:
    world = World([a_series(a_step(), after_days("tips", 2))])
    await world.joins(ANN)
    await world.ticks()
    await world.leaves(ANN)
    await world.ticks(2 * DAY)
    assert (world.planned(), world.entry().ended) == (["welcome-hello:0"], EntryEnd.LEFT_LIST)


async def test_who_comes_back_does_not_enter_again() -> None:
    world = World()
    for _ in range(2):
        await world.joins(ANN)
        await world.ticks(HOUR)
        await world.leaves(ANN)
        await world.ticks(2 * DAY)
    assert (world.entered(), world.planned()) == (1, ["welcome-hello:0"])


async def test_where_reentry_is_allowed_everything_begins_anew() -> None:
    world = World([a_series(a_step(), after_days("tips", 2), reentry=True)])
    await world.joins(ANN)
    await world.ticks()
    await world.ticks(2 * DAY)
    await world.leaves(ANN)
    await world.ticks(DAY)
    await world.joins(ANN)
    await world.ticks()
    await world.ticks(2 * DAY)
    assert world.planned() == ["welcome-hello:0", "welcome-hello:10000", "welcome-tips:0", "welcome-tips:10000"]


async def test_who_leaves_and_comes_back_on_the_way_begins_anew_where_that_is_allowed() -> None:
    world = World([a_series(a_step(), after_days("tips", 9), reentry=True)])
    await world.joins(ANN)
    await world.ticks()
    await world.leaves(ANN)
    world.now += MINUTE
    await world.joins(ANN)
    for _ in range(3):
        await world.ticks(MINUTE)
    assert world.entry().ended is EntryEnd.LEFT_LIST
    assert (world.entry(number=1).ended, world.planned()) == (None, ["welcome-hello:0", "welcome-hello:10000"])


async def test_who_changes_address_leaves_with_the_old_one_and_enters_with_the_new_one() -> None:
    """D2, D3: a person is an address; the membership keeps its time."""
    world = World([a_series(a_step(), after_days("tips", 9))])
    await world.joins(ANN)
    await world.ticks()
    moved = replace(a_contact(BEA), memberships=world.person().memberships)
    await world.leaves(ANN)
    await world.contacts.save([moved])
    await world.ticks(2 * DAY)
    assert (world.planned(BEA), world.entry(BEA).ended) == (["welcome-hello:0"], None)
    await world.ticks(7 * DAY)
    assert (world.planned(), world.entry().ended) == (["welcome-hello:0"], EntryEnd.LEFT_LIST)


async def test_who_stays_on_the_list_enters_once_where_reentry_is_allowed_too() -> None:
    world = World([a_series(reentry=True)])
    await world.joins(ANN)
    for _ in range(4):
        await world.ticks(DAY)
    assert (world.entered(), world.planned()) == (1, ["welcome-hello:0"])


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        (SuppressionReason.UNSUBSCRIBED, EntryEnd.UNSUBSCRIBED),
        (SuppressionReason.HARD_BOUNCED, EntryEnd.BOUNCED),
        (SuppressionReason.COMPLAINED, EntryEnd.COMPLAINED),
    ],
)
async def test_unsubscribing_bouncing_and_complaining_end_it(reason: SuppressionReason, end: EntryEnd) -> None:
    world = World([a_series(a_step(), after_days("tips", 2))])
    await world.joins(ANN)
    await world.ticks()
    await world.suppressions.add([Suppression(an_id(ANN), reason, world.now)])
    await world.entries.wake("welcome", [an_id(ANN)], world.now)
    await world.ticks(MINUTE)
    assert (world.entry().ended, world.planned()) == (end, ["welcome-hello:0"])


async def test_an_opt_out_of_the_crm_ends_it() -> None:
    world = World([a_series(a_step(), after_days("tips", 2))])
    await world.joins(ANN)
    await world.ticks()
    await world.contacts.save([replace(world.person(), opt_out=OptOut(world.now, "crm"))])
    await world.ticks(2 * DAY)
    assert world.entry().ended is EntryEnd.UNSUBSCRIBED


# What becomes of earlier messages


async def test_a_click_leads_to_the_next_message() -> None:
    world = World([a_series(a_step(), after_open())])
    await world.joins(ANN)
    await world.ticks()
    world.is_sent()
    world.emails.stored[world.row().id] = replace(world.row(), times={"opened": world.now + HOUR})
    world.now += HOUR
    await world.entries.wake("welcome", [an_id(ANN)], world.now)
    await world.ticks()
    assert world.planned() == ["welcome-hello:0", "welcome-more:0"]


async def test_a_wake_while_somebody_looks_is_not_lost() -> None:
    class Woken(MemoryEntries):
        async def save(self, entries: Sequence[Entry]) -> frozenset[str]:
            if not self.woken:
                self.woken = True
                await self.wake("welcome", [an_id(ANN)], world.now)
            return await super().save(entries)

        woken = False

    world = World([a_series(a_step(), after_days("tips", 2))])
    world.entries = Woken()
    world.keeper = world.new_keeper("first")
    await world.joins(ANN)
    await world.ticks()
    await world.ticks()
    assert world.entry().next_at == NOW + 2 * DAY
    assert world.planned() == ["welcome-hello:0"]


async def test_birthdays_go_on_year_after_year() -> None:
    world = World([a_series(yearly())])
    await world.contacts.save([a_member(fields={"birthday": ContactField("1990-05-17", a_stamp())})])
    while world.now < NOW + 800 * DAY:
        await world.ticks(DAY)
    assert world.planned() == ["welcome-birthday:2026", "welcome-birthday:2027"]


# Messages that do not send


async def test_a_reviewed_message_begins_to_send_and_wakes_who_waited() -> None:
    world = World()
    world.campaigns.stored["welcome-hello"] = replace(world.child(), status=CampaignStatus.DRAFT)
    await world.joins(ANN)
    await world.ticks()
    assert (world.planned(), world.entry().waits) == ([], frozenset({"hello"}))
    world.campaigns.stored["welcome-hello"] = a_child("welcome-hello", status=CampaignStatus.REVIEWED)
    await world.ticks(MINUTE)
    assert (world.child().status, world.child().chains) == (CampaignStatus.SENDING, 4)
    assert (world.planned(), world.entry().ended) == (["welcome-hello:0"], EntryEnd.COMPLETED)


async def test_a_paused_message_keeps_its_people_and_those_of_others_go_on() -> None:
    world = World([a_series(a_step(), a_step("other"))])
    world.campaigns.stored["welcome-hello"] = replace(world.child(), status=CampaignStatus.PAUSED)
    await world.joins(ANN)
    await world.ticks()
    assert world.planned() == ["welcome-other:0"]
    world.campaigns.stored["welcome-hello"] = replace(world.child(), status=CampaignStatus.SENDING)
    await world.ticks(MINUTE)
    assert world.planned() == ["welcome-hello:0", "welcome-other:0"]


async def test_who_waits_for_a_message_that_a_keeper_died_over_is_found_by_the_next_one() -> None:
    world = World()
    world.campaigns.stored["welcome-hello"] = replace(world.child(), status=CampaignStatus.DRAFT)
    await world.joins(ANN)
    await world.ticks()
    world.campaigns.stored["welcome-hello"] = replace(world.child(), status=CampaignStatus.SENDING)
    world.keeper = world.new_keeper("second")
    world.leases.pass_time(31)
    await world.ticks()
    assert world.planned() == ["welcome-hello:0"]


async def test_nothing_is_written_again_and_again_for_people_who_wait() -> None:
    world = World()
    world.campaigns.stored["welcome-hello"] = replace(world.child(), status=CampaignStatus.DRAFT)
    await world.joins(ANN)
    await world.ticks()
    revision = world.entry().revision
    for _ in range(10):
        await world.ticks(MINUTE)
    assert world.entry().revision == revision


@pytest.mark.parametrize(
    ("change", "organisation", "told"),
    [
        ({"topic": "other"}, GREEN, "list and topic"),
        ({"reviewed_hash": None}, GREEN, "reopened"),
        ({}, Organisation("Green Ltd"), "postal address"),
        ({}, replace(GREEN, four_eyes=True), "approved"),
    ],
)
async def test_a_reviewed_message_that_cannot_be_sent_says_why_once(
    change: dict[str, object], organisation: Organisation, told: str
) -> None:
    world = World()
    reviewed = a_child("welcome-hello", status=CampaignStatus.REVIEWED)
    world.campaigns.stored["welcome-hello"] = replace(reviewed, **change)  # type: ignore[arg-type]
    starts = world.new_starts(organisation)
    assert await starts(a_series()) == Stand()
    after = world.child()
    assert told in (after.status_reason or "")
    await starts(a_series())
    assert (world.child().status, world.child()) == (CampaignStatus.REVIEWED, after)


async def test_a_campaign_of_that_name_which_is_none_of_the_series_is_left_alone() -> None:
    world = World()
    world.campaigns.stored["welcome-hello"] = replace(
        a_child("welcome-hello", status=CampaignStatus.REVIEWED), series=None
    )
    await world.joins(ANN)
    await world.ticks()
    assert (world.child().status, world.planned()) == (CampaignStatus.REVIEWED, [])


@pytest.mark.parametrize("status", [CampaignStatus.CANCELLED, CampaignStatus.STOPPED])
async def test_nobody_waits_for_a_message_that_was_ended_by_itself(status: CampaignStatus) -> None:
    world = World([a_series(a_step(), after_open(), a_step("other"))])
    world.campaigns.stored["welcome-hello"] = replace(world.child(), status=CampaignStatus.DRAFT)
    await world.joins(ANN)
    await world.ticks()
    world.campaigns.stored["welcome-hello"] = replace(world.child(), status=status)
    await world.ticks(MINUTE)
    assert world.entry().passed == {"hello": Passed.ENDED, "more": Passed.NOT_MET}
    assert (world.entry().ended, world.planned()) == (EntryEnd.COMPLETED, ["welcome-other:0"])


# Trouble


async def test_trouble_with_one_person_holds_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def poisoned(contact: Contact) -> str:
        if contact.address == ANN:
            raise OverflowError("date value out of range")
        return ""

    world = World()
    await world.joins(ANN, BEA)
    monkeypatch.setattr("handlers.series_due.zone_said", poisoned)
    await world.ticks()
    assert (world.planned(), world.planned(BEA)) == ([], ["welcome-hello:0"])
    assert world.entry().next_at == world.now + DAY


async def test_a_pass_that_broke_off_is_made_again() -> None:
    class Away(MemoryEntries):
        async def enter(self, entries: Sequence[Entry]) -> int:
            if entries and not self.was_away:
                self.was_away = True
                raise StoreUnavailable("away")
            return await super().enter(entries)

        was_away = False

    world = World()
    world.entries = Away()
    world.keeper = world.new_keeper("first")
    await world.ticks()
    await world.joins(ANN)
    with pytest.raises(StoreUnavailable):
        await world.ticks(MINUTE)
    await world.ticks(MINUTE)
    assert world.planned() == ["welcome-hello:0"]


async def test_existing_members_enter_when_they_come_to_be_wanted() -> None:
    world = World([a_series(started_at=NOW + HOUR)])
    await world.joins(ANN)
    await world.ticks(2 * HOUR)
    assert world.entered() == 0
    known = world.stored.stored["welcome"]
    await world.stored.save(replace(known, existing_members=True), expected={known.status})
    await world.ticks(MINUTE)
    assert world.planned() == ["welcome-hello:0"]


# Pausing, stopping


@pytest.mark.parametrize("status", [SeriesStatus.PAUSED, SeriesStatus.STOPPED, SeriesStatus.OFFLINE])
async def test_only_a_running_series_takes_people_in_or_plans(status: SeriesStatus) -> None:
    world = World([a_series(a_step(), after_days("tips", 2))])
    await world.joins(ANN)
    await world.ticks()
    await world.moves(status)
    await world.joins(BEA)
    await world.ticks(2 * DAY)
    assert (world.planned(), world.planned(BEA)) == (["welcome-hello:0"], [])


async def test_a_series_that_was_resumed_goes_on_where_everybody_was() -> None:
    world = World([a_series(a_step(), after_days("tips", 2))])
    await world.joins(ANN)
    await world.ticks()
    await world.moves(SeriesStatus.PAUSED)
    await world.ticks(3 * DAY)
    await world.moves(SeriesStatus.RUNNING)
    await world.ticks()
    assert world.planned() == ["welcome-hello:0", "welcome-tips:0"]


async def test_who_was_let_in_while_it_was_stopped_ends_as_well() -> None:
    world = World([a_series(a_step(), after_days("tips", 2))])
    await world.moves(SeriesStatus.STOPPED)
    await world.joins(ANN)
    await world.entries.enter([Entry(f"welcome:{an_id(ANN)}:0", "welcome", an_id(ANN), 0, NOW, next_at=NOW)])
    await world.ticks(MINUTE)
    assert world.entry().ended is EntryEnd.STOPPED


# Many processes, and kills


async def test_of_two_keepers_one_looks_after_a_series_and_the_other_takes_over_when_it_dies() -> None:
    world = World()
    other = world.new_keeper("second")
    await world.joins(ANN)
    await world.ticks()
    await world.joins(BEA)
    await other.tick()
    assert world.planned(BEA) == []
    world.leases.pass_time(31)
    await other.tick()
    assert (world.planned(), world.planned(BEA)) == (["welcome-hello:0"], ["welcome-hello:0"])


async def test_two_keepers_at_once_plan_nothing_twice() -> None:
    """As when one froze for longer than its lease, and goes on beside the other."""
    world = World([a_series(a_step(), after_days("tips", 2))])
    other = world.new_keeper("second")
    await world.joins(ANN, BEA)
    for _ in range(3):
        await world.keeper.tick()
        world.leases.pass_time(31)
        await other.tick()
        world.leases.pass_time(31)
        world.sends()
        world.now += DAY
    assert world.planned() == world.planned(BEA) == ["welcome-hello:0", "welcome-tips:0"]
    assert world.entered() == 2


class Killed(MemoryEntries):
    """The keeper dies between planning rows and saving entries, once."""

    def __init__(self) -> None:
        super().__init__()
        self.alive = False

    async def save(self, entries: Sequence[Entry]) -> frozenset[str]:
        if not self.alive:
            self.alive = True
            raise StoreUnavailable("killed")
        return await super().save(entries)


class Unplanned(MemoryEmails):
    """It dies before it plans anything, once."""

    def __init__(self) -> None:
        super().__init__()
        self.alive = False

    async def plan(self, rows: Sequence[Email]) -> None:
        if not self.alive:
            self.alive = True
            raise StoreUnavailable("killed")
        await super().plan(rows)


async def test_a_keeper_killed_between_rows_and_entries_sends_nothing_twice_and_loses_nothing() -> None:
    for killed in ({"entries": Killed()}, {"emails": Unplanned()}):
        world = World([a_series(a_step(), after_days("tips", 2))])
        for name, fake in killed.items():
            setattr(world, name, fake)
        world.keeper = world.new_keeper("first")
        await world.joins(ANN)
        with pytest.raises(StoreUnavailable):
            await world.ticks()
        world.keeper = world.new_keeper("second")
        world.leases.pass_time(31)
        await world.ticks(MINUTE)
        world.sends()
        sent = world.row()
        assert (world.planned(), world.entry().next_at) == (["welcome-hello:0"], NOW + 2 * DAY)
        await world.ticks(2 * DAY)
        assert (world.planned(), world.row()) == (["welcome-hello:0", "welcome-tips:0"], sent)


async def test_many_who_enter_one_series_do_not_hold_up_another() -> None:
    """A page of each, turn and turn about."""
    crowd = a_series(id="crowd", list_id="crowd", steps=(a_step(campaign_id="crowd-hello"),))
    world = World([crowd, a_series(a_step(delay=Delay(1, DelayUnit.MINUTES)))], at_once=5)
    await world.joins(ANN)
    await world.ticks()
    await world.joins(*(f"p{n}@example.com" for n in range(400)), list_id="crowd")
    await world.ticks(MINUTE)
    assert world.planned() == ["welcome-hello:0"]
    assert len(world.emails.stored) < 400


async def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    world = World([a_series(a_step(), after_days("tips", 2))])
    await world.joins(ANN)
    await world.ticks()
    await world.ticks(2 * DAY)
    for _ in range(5):
        await world.ticks(-DAY)
    await world.ticks(9 * DAY)
    assert (world.planned(), world.entered()) == (["welcome-hello:0", "welcome-tips:0"], 1)


@pytest.mark.parametrize("passed", [MINUTE, 2 * DAY])
async def test_what_a_crash_left_of_a_stop_is_ended_whenever_that_was(passed: timedelta) -> None:
    world = World()
    await world.moves(SeriesStatus.STOPPED)
    await world.ticks(passed)
    assert world.child().status is CampaignStatus.STOPPED


async def test_what_a_crash_left_of_a_cancel_is_ended() -> None:
    world = World([a_series(status=SeriesStatus.DRAFT, started_at=None)])
    world.campaigns.stored["welcome-hello"] = a_child("welcome-hello", status=CampaignStatus.DRAFT)
    await world.moves(SeriesStatus.CANCELLED)
    for _ in range(2):
        await world.ticks()
    assert world.child().status is CampaignStatus.CANCELLED


async def test_a_message_that_sends_while_its_series_is_paused_is_paused_as_well() -> None:
    world = World()
    await world.moves(SeriesStatus.PAUSED)
    await world.ticks()
    assert (world.child().status, world.child().status_reason) == (CampaignStatus.PAUSED, "series welcome is paused")


async def test_a_message_that_was_taken_out_is_ended_whoever_died_over_it() -> None:
    world = World([a_series(taken_out=("tips",))])
    await world.campaigns.add(a_child("welcome-tips"))
    for _ in range(2):
        await world.ticks()
    assert world.child("tips").status is CampaignStatus.STOPPED


@pytest.mark.parametrize("by", ["keeper", "settle"])
async def test_a_message_that_was_taken_out_is_ended_though_its_series_was_stopped_before(by: str) -> None:
    world = World([a_series(taken_out=("tips",), status=SeriesStatus.STOPPED)])
    await world.campaigns.add(a_child("welcome-tips"))
    if by == "keeper":
        await world.ticks()
    else:
        children = world.keeper.children
        moves = SeriesMoves(world.stored, world.entries, MemoryLists(), children, lambda _: None, world.clock)
        assert await moves.settle("welcome")
    assert world.child("tips").status is CampaignStatus.STOPPED


async def test_after_an_outage_nobody_gets_two_messages_in_one_go() -> None:
    world = World([a_series(a_step(), after_days("tips", 2), after_days("last", 4))])
    await world.joins(ANN)
    await world.ticks()
    await world.moves(SeriesStatus.PAUSED)
    await world.ticks(9 * DAY)
    await world.moves(SeriesStatus.RUNNING)
    await world.ticks(MINUTE)
    assert world.planned() == ["welcome-hello:0", "welcome-tips:0"]
    await world.ticks(2 * DAY - HOUR)
    assert "welcome-last:0" not in world.planned()
    await world.ticks(2 * HOUR)
    assert world.planned() == ["welcome-hello:0", "welcome-last:0", "welcome-tips:0"]
