"""One time of day, wherever recipients live, from the schedule to the last mail, D7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.campaign import CampaignStatus, hash_of
from domain.contact import ContactField
from domain.email import NO_SLICE, EmailState
from domain.errors import NotReady
from domain.send_times import local_time
from handlers.campaign_moves import CampaignMoves
from handlers.scheduler import Scheduler
from handlers.send_requested import SendStarter
from messages.base import Message
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested
from tests.builders import NOW, a_contact, a_record, a_stamp, later
from tests.fakes.contacts import MemoryContacts
from tests.fakes.records import MemoryRecords
from tests.handlers.reviewing import House, a_draft
from tests.handlers.sending import GREEN, World, person

NINE = local_time("2026-03-02T09:00")
TOKYO, BERLIN, NEW_YORK = "Asia/Tokyo", "Europe/Berlin", "America/New_York"
#: Nine o'clock on 2 March: in Tokyo at 00:00 UTC, in Berlin at 08:00, in New York at 14:00.
ZONES: Sequence[str | None] = (TOKYO, BERLIN, NEW_YORK, None)
AT_NINE = SendRequested(campaign_id="spring", local_at=NINE)


def utc(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC)


class Day:
    """Four people, one in each of `ZONES`, and every process that a campaign meets."""

    def __init__(self, now: datetime, zones: Sequence[str | None] = ZONES) -> None:
        self.world = World(count=len(zones), per_slice=2, now=now)
        reviewed = replace(self.world.campaign, status=CampaignStatus.REVIEWED, chains=0)
        self.world.campaigns.stored["spring"] = replace(reviewed, reviewed_hash=hash_of(reviewed))
        for number, zone in enumerate(zones):
            row = self.world.row(number)
            self.world.emails.stored[row.id] = replace(row, time_zone=zone)

    @property
    def campaign(self) -> Any:
        return self.world.campaigns.stored["spring"]

    @property
    def starter(self) -> SendStarter:
        world = self.world
        organisation = replace(GREEN, time_zone=BERLIN)
        return SendStarter(world.campaigns, world.emails, world.slices, organisation, lambda: world.now, chains=2)

    async def asked(self, message: Message) -> None:
        """Work on a message and on all that follows from it."""
        waiting = [message]
        while waiting:
            each = waiting.pop(0)
            if isinstance(each, SendRequested):
                waiting += await self.starter(each)
            elif isinstance(each, SendBatch):
                waiting += await self.world.sender()(each)

    async def until(self, moment: datetime, *schedulers: Scheduler) -> None:
        """Ten minutes after ten minutes, up to and with this moment."""
        while self.world.now <= moment:
            for scheduler in 2 * (schedulers or (self.world.scheduler(),)):  # begun by one tick, sent by the next
                for message in await scheduler.tick():
                    await self.asked(message)
            self.world.pass_time(600)

    @property
    def tries(self) -> list[str]:
        return list(self.world.relay.tries)  # type: ignore[attr-defined]


async def test_everybody_gets_it_at_nine_where_they_live() -> None:
    day = Day(utc(0) - timedelta(hours=3))
    await day.asked(AT_NINE)
    assert (day.campaign.status, day.campaign.send_at) == (CampaignStatus.SCHEDULED, utc(0))
    for moment, sent in ((utc(0) - timedelta(minutes=10), []), (utc(0), [0]), (utc(7, 50), [0]),
                         (utc(8), [0, 1, 3]), (utc(13, 50), [0, 1, 3]), (utc(14), [0, 1, 3, 2])):  # fmt: skip
        await day.until(moment)
        assert sorted(day.tries) == sorted(person(number) for number in sent), moment
    await day.until(utc(14, 30))
    assert day.campaign.status is CampaignStatus.SENT
    assert day.world.states == {EmailState.SENT: 4}


async def test_whose_time_is_past_when_it_begins_gets_it_at_once() -> None:
    day = Day(utc(9, 30))
    await day.asked(AT_NINE)
    assert day.campaign.status is CampaignStatus.SENDING, "it is past nine in Tokyo"
    await day.until(utc(9, 30))
    assert sorted(day.tries) == [person(0), person(1), person(3)]
    await day.until(utc(14))
    assert len(day.tries) == 4


async def test_schedulers_however_many_and_however_often_begun_anew_send_to_nobody_twice() -> None:
    day = Day(utc(0) - timedelta(hours=1))
    await day.asked(AT_NINE)
    for hour in range(15):
        await day.until(utc(hour), day.world.scheduler(f"a{hour}"), day.world.scheduler(f"b{hour}"))
    await day.until(utc(15))
    assert sorted(day.tries) == [person(number) for number in range(4)]


async def test_a_request_that_comes_again_changes_nothing() -> None:
    day = Day(utc(0) - timedelta(hours=3))
    await day.asked(AT_NINE)
    before = day.campaign
    await day.asked(AT_NINE)
    assert day.campaign == before
    await day.until(utc(8))
    sent = list(day.tries)
    await day.asked(AT_NINE)
    assert day.tries == sent


async def test_another_time_takes_the_place_of_the_first() -> None:
    day = Day(utc(0) - timedelta(hours=3))
    await day.asked(AT_NINE)
    await day.asked(SendRequested(campaign_id="spring", local_at=NINE + timedelta(hours=1)))
    assert (day.campaign.send_at, day.campaign.local_time) == (utc(1), "2026-03-02T10:00:00")
    await day.asked(SendRequested(campaign_id="spring", at=utc(2)))
    assert (day.campaign.send_at, day.campaign.local_time) == (utc(2), None)
    await day.until(utc(2))
    assert len(day.tries) == 4


async def test_off_the_schedule_nothing_is_sent_and_a_late_word_of_the_scheduler_is_void() -> None:
    day = Day(utc(0) - timedelta(hours=1))
    await day.asked(AT_NINE)
    late = SendRequested(campaign_id="spring", due=utc(0))
    await CampaignMoves(day.world.campaigns, day.world.emails, day.world.slices, lambda: NOW).unschedule("spring")
    assert (day.campaign.send_at, day.campaign.local_time) == (None, None)
    await day.asked(late)
    await day.until(utc(14))
    assert day.tries == []


async def test_a_campaign_that_was_cut_off_while_people_began_to_wait_is_sent_whole_at_another_time() -> None:
    """The worker died; the campaign is taken off the schedule, and then sent at once."""
    day = Day(utc(0))
    scheduled = replace(day.campaign, local_time="2026-03-02T09:00")
    await day.starter._local_times.spread(scheduled, utc(0))
    assert {row.slice for row in day.world.emails.stored.values()} == {NO_SLICE}
    await day.asked(SendRequested(campaign_id="spring"))
    await day.until(utc(0))
    assert len(day.tries) == 4


async def test_a_paused_campaign_waits_and_whoever_fell_due_meanwhile_gets_it_when_it_goes_on() -> None:
    day = Day(utc(0))
    await day.asked(AT_NINE)
    await day.until(utc(0))
    moves = CampaignMoves(day.world.campaigns, day.world.emails, day.world.slices, lambda: day.world.now)
    await moves.pause("spring", "by hand")
    await day.until(utc(9))
    assert day.tries == [person(0)]
    for message in await moves.resume("spring"):
        await day.asked(message)
    await day.until(utc(9, 30))
    assert len(day.tries) == 3


async def test_one_that_is_stopped_skips_those_who_wait_and_its_books_balance() -> None:
    day = Day(utc(0))
    await day.asked(AT_NINE)
    await day.until(utc(0))
    moves = CampaignMoves(day.world.campaigns, day.world.emails, day.world.slices, lambda: day.world.now)
    assert await moves.stop("spring", "enough")
    assert day.world.states == {EmailState.SENT: 1, EmailState.SKIPPED: 3}
    assert (await day.world.emails.books("spring", 4)).closed


async def test_without_company_details_it_is_not_even_scheduled() -> None:
    day = Day(utc(0))
    with pytest.raises(NotReady):
        await replace(day.starter, organisation=replace(GREEN, name=""))(AT_NINE)
    assert day.campaign.status is CampaignStatus.REVIEWED


def test_a_campaign_has_one_time() -> None:
    with pytest.raises(ValueError, match="leave out at"):
        SendRequested(campaign_id="spring", at=later(5), local_at=NINE)


@pytest.mark.parametrize(("said", "zone"), [("europe/berlin", BERLIN), ("Mars", None), (None, None)])
async def test_a_review_writes_down_where_people_live(said: str | None, zone: str | None) -> None:
    fields: Mapping[str, ContactField] = {"time_zone": ContactField(said, a_stamp())} if said else {}
    house = House(records=MemoryRecords(a_record("1")), contacts=MemoryContacts(a_contact("lead1@example.com")))
    house.contacts.stored = {key: replace(each, fields=fields) for key, each in house.contacts.stored.items()}
    house.campaigns.stored["spring"] = a_draft()
    await house.reviewed()
    assert [row.time_zone for row in house.emails.stored.values()] == [zone]
