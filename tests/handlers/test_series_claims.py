"""What became of people and hours between the planning of a series' message and the moment at which it could go out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.contact import Membership
from domain.email import NO_SLICE, Email, EmailState, SkipReason
from domain.remainder import Wish, stays
from domain.series import Entry, EntryEnd, Step, Trigger, TriggerKind, Window, occurrence_of
from handlers.series_claims import SeriesClaims
from messages.send_batch import SendBatch
from tests.builders import NOW, a_contact, an_email
from tests.fakes.contacts import MemoryContacts
from tests.fakes.series_entries import MemoryEntries
from tests.handlers.sending import World, person
from tests.series_builders import JOINED, a_series, an_entry

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
BIRTHDAY = Trigger(TriggerKind.DATE, field="birthday", yearly=True)
ANN = person(0)


class Asked(MemoryEntries):
    """Counts the questions."""

    questions = 0

    async def latest(self, series_id: str, contact_ids: Collection[str]) -> Mapping[str, Entry]:
        self.questions += 1
        return await super().latest(series_id, contact_ids)


async def claiming(
    trigger: Trigger = JOINED,
    *,
    due: datetime = NOW,
    now: datetime = NOW,
    window: Window | None = None,
    reentry: bool = False,
    since: datetime | None = NOW - DAY,
    entry: Entry | None = None,
    **row: Any,
) -> World:
    """One person's row of the one message of a series, in batch 0. `since`: when they joined its list; None: left."""
    world = World(count=1, per_slice=1)
    world.campaign = replace(world.campaign, series="welcome")
    world.campaigns.stored["spring"] = world.campaign
    series = a_series(Step("hello", "spring", trigger, window=window), reentry=reentry)
    world.series.stored["welcome"] = series
    entry = entry or an_entry(ANN, entered_at=NOW - HOUR)
    world.entries = Asked()
    world.entries.stored[entry.id] = entry
    joined = {} if since is None else {"news": Membership("news", frozenset({"import:1"}), since=since)}
    world.contacts = MemoryContacts(a_contact(ANN, memberships=joined))
    planned = replace(an_email(ANN), **{"next_at": due, **row})
    world.emails.stored = {planned.id: planned}
    world.now = now
    await world.planned()
    return world


def only(world: World) -> Email:
    (row,) = world.emails.stored.values()
    return row


async def claimed(world: World) -> Email:
    """The row, after its batch was claimed, and claimed again: a repeat changes nothing."""
    await world.send(0)
    row = only(world)
    await world.sender("worker-2")(SendBatch(campaign_id="spring", slice=0))
    assert only(world) == row
    return row


async def test_who_is_on_the_list_gets_it() -> None:
    assert (await claimed(await claiming())).state is EmailState.SENT


async def test_one_question_is_asked_for_a_batch() -> None:
    world = await claiming()
    claims = SeriesClaims(world.series, world.entries, world.contacts, lambda: world.now)
    rows = [only(world), replace(only(world), id="spring:other:0")]
    assert await claims(world.campaign, rows) == {}
    assert world.entries.questions == 1  # type: ignore[attr-defined]


async def test_nothing_is_asked_for_an_ordinary_campaign() -> None:
    world = await claiming(since=None)
    world.campaigns.stored["spring"] = replace(world.campaign, series=None)
    assert (await claimed(world)).state is EmailState.SENT
    assert world.entries.questions == 0  # type: ignore[attr-defined]


async def test_who_left_the_list_since_is_skipped() -> None:
    row = await claimed(await claiming(since=None))
    assert (row.state, row.reason) == (EmailState.SKIPPED, SkipReason.LEFT_LIST)


async def test_who_left_and_came_back_goes_on_unless_the_series_lets_them_begin_anew() -> None:
    assert (await claimed(await claiming(since=NOW))).state is EmailState.SENT
    row = await claimed(await claiming(since=NOW, reentry=True))
    assert (row.state, row.reason) == (EmailState.SKIPPED, SkipReason.LEFT_LIST)


async def test_the_row_of_an_earlier_way_is_skipped_and_that_of_the_new_one_is_sent() -> None:
    again = an_entry(ANN, 1, entered_at=NOW)
    old = await claimed(await claiming(since=NOW, reentry=True, entry=again))
    new = await claimed(await claiming(since=NOW, reentry=True, entry=again, occurrence=occurrence_of(1)))
    assert (old.reason, new.state) == (SkipReason.LEFT_LIST, EmailState.SENT)


async def test_who_was_seen_to_leave_is_skipped_though_they_are_back() -> None:
    gone = replace(an_entry(ANN, entered_at=NOW - HOUR), ended=EntryEnd.LEFT_LIST, next_at=None)
    assert (await claimed(await claiming(entry=gone))).reason == SkipReason.LEFT_LIST


@pytest.mark.parametrize(("late", "state"), [(23 * HOUR, EmailState.SENT), (25 * HOUR, EmailState.SKIPPED)])
async def test_a_birthday_that_is_over_for_a_day_is_missed(late: timedelta, state: EmailState) -> None:
    row = await claimed(await claiming(BIRTHDAY, now=NOW + late))
    assert (row.state, row.reason) == (state, SkipReason.MISSED if state is EmailState.SKIPPED else None)


async def test_what_is_no_date_goes_out_however_late() -> None:
    assert (await claimed(await claiming(now=NOW + 9 * DAY))).state is EmailState.SENT


async def test_a_birthday_that_was_tried_in_time_is_tried_again_later() -> None:
    tried = {"state": EmailState.DEFERRED, "attempts": 2, "first_tried_at": NOW}
    assert (await claimed(await claiming(BIRTHDAY, now=NOW + 2 * DAY, **tried))).state is EmailState.SENT


# NOW is a Monday, 09:00 UTC.
MORNING = Window(frozenset(range(7)), opens=(NOW - HOUR).time(), closes=(NOW + HOUR).time())


async def test_what_was_held_up_until_its_hours_were_over_waits_for_the_next_ones() -> None:
    world = await claiming(window=MORNING, now=NOW + 2 * HOUR)
    row = await claimed(world)
    assert (row.state, row.slice, row.attempts) == (EmailState.DEFERRED, NO_SLICE, 0)
    assert row.next_at == NOW - HOUR + DAY
    assert (await world.slices.unfinished("spring")) == []
    world.pass_time((row.next_at - world.now).total_seconds())
    assert await world.emails.due("spring", world.now, 10) == [row.id]


async def test_what_was_put_off_and_held_up_once_more_is_put_off_once_more() -> None:
    world = await claiming(window=MORNING, now=NOW + 2 * HOUR, state=EmailState.DEFERRED, state_at=NOW - DAY)
    assert (await claimed(world)).next_at == NOW - HOUR + DAY


async def test_a_birthday_whose_hours_come_again_only_after_a_day_is_missed() -> None:
    mondays = replace(MORNING, weekdays=frozenset({0}))
    row = await claimed(await claiming(BIRTHDAY, window=mondays, now=NOW + 2 * HOUR))
    assert (row.state, row.reason) == (EmailState.SKIPPED, SkipReason.MISSED)


async def test_a_birthday_that_was_put_off_counts_from_when_it_was_due_first() -> None:
    occurrence, on_the_way = occurrence_of(0, 2026), replace(an_entry(ANN), done={"hello@2026": NOW})
    put_off = {"due": NOW + 23 * HOUR, "state": EmailState.DEFERRED, "occurrence": occurrence, "entry": on_the_way}
    assert (await claimed(await claiming(BIRTHDAY, now=NOW + 23 * HOUR, **put_off))).state is EmailState.SENT
    assert (await claimed(await claiming(BIRTHDAY, now=NOW + 25 * HOUR, **put_off))).reason == SkipReason.MISSED


async def test_hours_are_those_of_the_person() -> None:
    row = await claimed(await claiming(window=MORNING, now=NOW + 2 * HOUR, time_zone="America/New_York"))
    assert row.next_at == datetime(2026, 3, 2, 13, 0, tzinfo=UTC), "where it is six in the morning"


async def test_hours_of_the_day_on_which_the_clocks_change_are_those_of_the_new_time() -> None:
    saturday = datetime(2026, 3, 28, 8, 30, tzinfo=UTC)
    row = await claimed(
        await claiming(window=MORNING, due=saturday, now=saturday + 8 * HOUR, time_zone="Europe/Berlin")
    )
    assert row.next_at == datetime(2026, 3, 29, 6, 0, tzinfo=UTC), "eight o'clock, in summer time"


async def test_what_is_a_few_minutes_late_goes_out_all_the_same() -> None:
    world = await claiming(window=MORNING, due=NOW + HOUR - MINUTE, now=NOW + HOUR + 10 * MINUTE)
    assert (await claimed(world)).state is EmailState.SENT


async def test_a_retry_goes_out_when_its_time_has_come() -> None:
    tried = {"state": EmailState.DEFERRED, "attempts": 1, "first_tried_at": NOW}
    assert (await claimed(await claiming(window=MORNING, now=NOW + 5 * HOUR, **tried))).state is EmailState.SENT


@pytest.mark.parametrize("reason", [SkipReason.LEFT_LIST, SkipReason.MISSED])
async def test_who_was_skipped_for_it_is_not_in_the_remainder(reason: SkipReason) -> None:
    world = await claiming()
    row = replace(only(world), state=EmailState.SKIPPED, reason=reason)
    contact = world.contacts.stored[row.contact_id]
    assert stays(row, Wish(), contact, frozenset(), world.campaign) == reason


async def test_a_series_that_is_gone_keeps_nobody_from_anything() -> None:
    world = await claiming(since=None)
    world.series.stored.clear()
    assert (await claimed(world)).state is EmailState.SENT
