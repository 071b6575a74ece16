"""R78, R83: a message of a series is a campaign that is sent to whoever comes to it, and never ends by itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.campaign import NEXT, Campaign, CampaignStatus, Selection
from domain.email import NO_SLICE, Email, EmailState
from domain.errors import IllegalTransition, NotReady
from domain.series_child import CHILD_NEXT, reopened
from domain.slices import Slice
from handlers.batch_cutter import offer
from handlers.campaign_moves import CampaignMoves
from handlers.delivery_event import DeliveryRecorder
from handlers.send_requested import SendStarter
from handlers.series_waker import SeriesWaker
from handlers.strike_book import StrikeBook
from messages.delivery_event import DeliveryEvent, EventType
from messages.send_batch import URGENT, SendBatch
from messages.send_requested import SendRequested
from tests.builders import ADDRESS_KEY, NOW, a_campaign, a_contact, an_email, an_id, later
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.emails import MemoryEmails
from tests.fakes.events import MemoryEvents
from tests.fakes.series_entries import MemoryEntries
from tests.fakes.strikes import MemoryStrikes
from tests.fakes.suppressions import MemorySuppressions
from tests.handlers.reviewing import House, a_draft
from tests.handlers.sending import GREEN, World, person
from tests.series_builders import ANN, an_entry

_S = CampaignStatus


def due_row(number: int, at: datetime = NOW) -> Email:
    return an_email(person(number), slice=NO_SLICE, next_at=at)


async def a_message(*rows: Email) -> World:
    """The campaign "spring" as a message of a series, with these rows in its ledger."""
    world = World(count=0, chains=4)
    child = replace(world.campaign, series="welcome", slices=0, report=None, recipients=Selection())
    world.campaigns = MemoryCampaigns(child)
    world.contacts.stored = {each.id: each for each in (a_contact(person(n), revision=1) for n in range(9))}
    await world.emails.plan(rows)
    return await world.planned()


async def run(world: World) -> list[SendBatch]:
    """A tick, and whatever it publishes."""
    batches = [each for each in await world.scheduler().tick() if isinstance(each, SendBatch)]
    await world.send_all([each.slice for each in batches])
    return batches


async def test_what_is_due_goes_out_once_in_a_batch_of_the_urgent_lane() -> None:
    world = await a_message(due_row(0), due_row(1), due_row(2, NOW + timedelta(days=1)))
    batches = await run(world)
    assert [each.lane for each in batches] == [URGENT]
    assert world.states == {EmailState.SENT: 2, EmailState.PLANNED: 1}
    assert await run(world) == []


async def test_people_come_to_it_day_after_day_and_it_goes_on_sending() -> None:
    world = await a_message()
    for number in range(3):
        await world.emails.plan([due_row(number, world.now)])
        await run(world)
        world.pass_time(86_400)
        await run(world)
    assert world.states == {EmailState.SENT: 3}
    assert world.campaigns.stored["spring"].status is _S.SENDING


async def test_what_was_left_behind_in_a_batch_that_is_done_is_sent_all_the_same() -> None:
    world = await a_message(an_email(person(0), slice=7))
    assert [each.lane for each in await run(world)] == [URGENT]
    assert world.states == {EmailState.SENT: 1}


async def test_a_batch_of_another_campaign_has_the_ordinary_lane() -> None:
    assert offer(Slice("spring", 1), a_campaign()).lane == "send-batch"


async def test_nobody_sends_a_message_of_a_series_by_hand() -> None:
    world = await a_message(due_row(0))
    send = SendStarter(world.campaigns, world.emails, world.slices, GREEN, lambda: NOW)
    for status in (_S.SENDING, _S.REVIEWED):
        world.campaigns.stored["spring"] = replace(world.campaigns.stored["spring"], status=status)
        with pytest.raises(IllegalTransition, match="campaigns series show welcome"):
            await send(SendRequested(campaign_id="spring", confirmed_by="Ann"))


# Review


async def test_a_message_is_reviewed_without_recipients() -> None:
    house = House()
    await house.campaigns.add(a_draft(series="welcome", recipients=Selection()))
    await house.reviewed()
    reviewed = house.campaigns.stored["spring"]
    assert (reviewed.status, reviewed.slices, house.emails.stored) == (_S.REVIEWED, 0, {})
    assert reviewed.reviewed_hash


async def test_a_message_with_a_fault_is_rejected_by_the_same_checks() -> None:
    house = House()
    plain = a_draft(series="welcome", recipients=Selection())
    await house.campaigns.add(replace(plain, sender=replace(plain.sender, address="green@gmail.com")))
    await house.reviewed()
    assert house.campaigns.stored["spring"].status is _S.REJECTED


async def test_a_second_review_of_a_message_leaves_the_rows_of_those_who_had_it() -> None:
    house = House()
    await house.campaigns.add(a_draft(series="welcome", recipients=Selection()))
    await house.reviewed()
    had, waits = an_email(person(0), state=EmailState.SENT), due_row(1)
    await house.emails.plan([had, waits])
    known = house.campaigns.stored["spring"]
    changed = reopened(replace(known, status=_S.SENDING), later(9))
    changed = replace(changed, content=replace(changed.content, subject="Hello again"))
    house.campaigns.stored["spring"] = replace(changed, revision=known.revision + 1)
    await house.reviewed()
    assert house.campaigns.stored["spring"].status is _S.REVIEWED
    assert set(house.emails.stored) == {had.id, waits.id}


@pytest.mark.parametrize("status", list(CampaignStatus))
def test_a_message_that_goes_on_may_become_a_draft_again_and_no_other_campaign(status: CampaignStatus) -> None:
    assert CHILD_NEXT[status] - NEXT[status] == ({_S.DRAFT} if status in (_S.SENDING, _S.PAUSED) else set())
    child = a_campaign(series="welcome", status=status, reviewed_hash="x", review_run="r")
    if status in (_S.DRAFT, _S.REVIEWED, _S.REJECTED, _S.SENDING, _S.PAUSED):
        draft = reopened(child, later(5))
        assert (draft.status, draft.reviewed_hash, draft.review_run, draft.status_at) == (
            _S.DRAFT,
            None,
            None,
            later(5),
        )
    else:
        with pytest.raises(IllegalTransition):
            reopened(child, later(5))
    with pytest.raises(IllegalTransition):
        reopened(replace(child, series=None), later(5))


async def test_a_batch_under_way_of_a_message_that_became_a_draft_is_not_sent_and_goes_on_later() -> None:
    world = await a_message(due_row(0))
    [batch] = [each for each in await world.scheduler().tick() if isinstance(each, SendBatch)]
    sending = world.campaigns.stored["spring"]
    world.campaigns.stored["spring"] = replace(sending, status=_S.DRAFT)
    await world.send_all([batch.slice])
    assert world.states == {EmailState.PLANNED: 1}
    world.campaigns.stored["spring"] = sending
    moves = CampaignMoves(world.campaigns, world.emails, world.slices, lambda: world.now)
    world.pass_time(90)
    offered = [each for each in await moves.resume("spring") if isinstance(each, SendBatch)]
    assert [each.lane for each in offered] == [URGENT]
    await world.send_all([each.slice for each in offered])
    assert world.states == {EmailState.SENT: 1}


@pytest.mark.parametrize("child", [{"recipients": Selection(list_members=True)}, {}])
async def test_the_members_of_its_list_are_never_selected_for_a_message(child: dict[str, Selection]) -> None:
    house = House()
    draft = a_draft(**{"series": "welcome", "recipients": Selection(), **child})
    with pytest.raises(NotReady, match="campaigns series review welcome"):
        await house.reviewer.start.check(draft, include_existing_members=not child)


async def test_a_message_that_is_a_draft_again_forgets_who_was_to_be_included() -> None:
    child = a_campaign(series="welcome", status=_S.SENDING, include_existing_members=True)
    assert not reopened(child, NOW).include_existing_members


async def test_the_ledger_of_a_message_is_gone_through_every_ten_minutes_whatever_comes_to_it() -> None:
    world, asked = await a_message(), list[str]()
    find = world.emails.open_slices

    async def counted(campaign_id: str) -> Sequence[int]:
        asked.append(campaign_id)
        return await find(campaign_id)

    world.emails.open_slices = counted  # type: ignore[method-assign]
    scheduler = world.scheduler()
    for _ in range(130):
        await scheduler.tick()
        world.pass_time(5)
    assert len(asked) == 2


# Waking


class Counted(MemoryCampaigns):
    asked = 0

    async def get(self, campaign_id: str) -> Campaign | None:
        self.asked += 1
        return await super().get(campaign_id)


class Watched(MemoryEntries):
    wakes = 0

    async def wake(self, series_id: str, contact_ids: Collection[str], at: datetime) -> int:
        self.wakes += 1
        return await super().wake(series_id, contact_ids, at)


async def test_what_is_told_of_a_message_wakes_its_person() -> None:
    campaigns = Counted(a_campaign("welcome-hello", series="welcome"), a_campaign())
    entries = Watched(an_entry(next_at=later(999)), an_entry("bea@example.com", next_at=later(999)))
    waker = SeriesWaker(campaigns, entries, lambda: NOW)
    told = [an_email(ANN, campaign_id="welcome-hello").id, an_email(ANN).id, f"gone:{an_id(ANN)}:0"]
    for _ in range(3):
        await waker(told)
    assert [each.contact_id for each in await entries.due("welcome", NOW, 9)] == [an_id(ANN)]
    assert (campaigns.asked, entries.wakes) == (3, 3)


async def test_events_of_other_campaigns_cost_no_query() -> None:
    campaigns, entries = Counted(a_campaign()), Watched()
    waker = SeriesWaker(campaigns, entries, lambda: NOW)
    for number in range(50):
        await waker([an_email(person(number)).id])
    assert (campaigns.asked, entries.wakes) == (1, 0)


def recorder(campaigns: MemoryCampaigns, emails: MemoryEmails, entries: MemoryEntries) -> DeliveryRecorder:
    """Of events of Ann's, which wake her in a series."""
    return DeliveryRecorder(
        emails,
        MemoryEvents(),
        MemorySuppressions(),
        MemoryContacts(a_contact(ANN)),
        StrikeBook(MemoryStrikes(), emails),
        ADDRESS_KEY,
        campaigns,
        SeriesWaker(campaigns, entries, lambda: NOW),
    )


@pytest.mark.parametrize(
    ("kind", "by_machine", "wakes"),
    [
        (EventType.CLICKED, False, True),
        (EventType.OPENED, False, True),
        (EventType.REPLIED, False, True),
        (EventType.UNSUBSCRIBED, False, True),
        (EventType.COMPLAINED, False, True),
        (EventType.BOUNCED, False, True),
        (EventType.OPENED, True, False),
        (EventType.CLICKED, True, False),
        (EventType.DELIVERED, False, False),
        (EventType.AUTOREPLY, False, False),
    ],
)
async def test_what_people_do_wakes_them_again_with_a_repeat_and_what_machines_do_does_not(
    kind: EventType, *, by_machine: bool, wakes: bool
) -> None:
    campaigns, entries = Counted(a_campaign(series="welcome")), Watched(an_entry(next_at=later(999)))
    record = recorder(campaigns, MemoryEmails(an_email(ANN, state=EmailState.SENT)), entries)
    told = DeliveryEvent(event_id="e", event=kind, email_id=an_email(ANN).id, occurred_at=NOW, by_machine=by_machine)
    for _ in range(2):
        await record([told])
    assert entries.wakes == (2 if wakes else 0)


async def test_who_is_named_by_campaign_and_address_means_the_email_of_a_series_that_was_sent_last() -> None:
    campaigns = MemoryCampaigns(a_campaign("welcome-hello", series="welcome"))
    first = an_email(ANN, "welcome-hello", state=EmailState.SENT, state_at=NOW)
    again = replace(first, id=f"welcome-hello:{an_id(ANN)}:10000", occurrence=10_000, state_at=later(99))
    emails = MemoryEmails(first, again)
    record = recorder(campaigns, emails, MemoryEntries())
    told = DeliveryEvent(
        event_id="e", event=EventType.CLICKED, campaign_id="welcome-hello", address=ANN, occurred_at=later(100)
    )
    for _ in range(2):
        await record([told])
    assert (set(emails.stored[first.id].times), set(emails.stored[again.id].times)) == (set(), {"clicked"})
