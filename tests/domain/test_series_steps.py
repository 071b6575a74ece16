"""R78, R83-R85: what is due for one person of a series, and when to look again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.campaign import Purpose
from domain.contact import LONG_AGO, Membership, OptOut
from domain.eligibility import SuppressionReason
from domain.email import Email, EmailState
from domain.series import Delay, DelayUnit, Entry, EntryEnd, Passed, Series, Step, TriggerKind, Window
from domain.series_ends import end_of
from domain.series_steps import Look, look, rows_wanted
from domain.series_turns import Person, row_of
from tests.builders import NOW, a_member, an_email, later
from tests.series_builders import (
    ANN,
    a_series,
    a_step,
    after_days,
    after_open,
    an_entry,
    once,
    yearly,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PLAIN = Person({}, "UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def looked(
    series: Series,
    entry: Entry | None = None,
    now: datetime = NOW,
    person: Person = PLAIN,
    rows: Sequence[Email] = (),
    waiting: Sequence[str] = (),
) -> Look:
    sending = {step.key for step in series.steps} - set(waiting)
    return look(series, entry or an_entry(), person, {row.id: row for row in rows}, sending, now)


def turns(found: Look) -> list[str]:
    return [due.turn for due in found.due]


def row(step: Step, entry: Entry, state: EmailState = EmailState.SENT, year: int | None = None, **given: Any) -> Email:
    """What became of a message of the entry; by default sent at `NOW`."""
    return replace(an_email(ANN), **{"id": row_of(step, entry, year), "state": state, "state_at": NOW, **given})


def born(text: object, zone: str = "UTC") -> Person:
    return Person({"birthday": text, "contract_end": text}, zone)  # type: ignore[dict-item]


# Joined, and delays


def test_who_joins_gets_the_first_message_at_once_and_the_next_when_its_delay_is_over() -> None:
    series = a_series(a_step(), after_days("tips", 2))
    first = looked(series)
    assert (turns(first), first.entry.next_at) == (["hello"], NOW + 2 * DAY)
    early = looked(series, first.entry, NOW + 2 * DAY - HOUR)
    assert (turns(early), early.entry) == ([], first.entry)
    second = looked(series, early.entry, NOW + 2 * DAY)
    assert turns(second) == ["tips"]
    assert second.due[0].at == NOW + 2 * DAY


def test_it_is_completed_when_no_message_is_left() -> None:
    found = looked(a_series())
    assert (found.entry.ended, found.entry.ended_at, found.entry.next_at) == (EntryEnd.COMPLETED, NOW, None)


def test_a_look_that_is_repeated_finds_nothing_more() -> None:
    series = a_series(a_step(), after_days("tips", 2))
    assert looked(series, looked(series).entry).due == ()


def test_a_clock_that_is_set_back_plans_nothing_twice() -> None:
    series = a_series(a_step(), after_days("tips", 2))
    ahead = looked(series, looked(series).entry, now=NOW + 3 * DAY).entry
    assert set(ahead.done) == {"hello", "tips"}
    assert looked(series, replace(ahead, next_at=NOW), NOW - DAY).due == ()


def test_a_message_that_does_not_send_keeps_its_people_waiting_and_not_those_of_others() -> None:
    series = a_series(a_step(), a_step("other"))
    found = looked(series, waiting=["hello"])
    assert (turns(found), found.entry.waits, found.entry.next_at) == (["other"], frozenset({"hello"}), NOW + HOUR)
    again = looked(series, found.entry, NOW + HOUR)
    assert (turns(again), again.entry.waits) == (["hello"], frozenset())


def test_what_falls_due_at_night_waits_for_the_window_where_the_person_lives() -> None:
    series = a_series(a_step(window=Window(frozenset(range(7)), time(9), time(17))))
    tokyo = Person({}, "Asia/Tokyo")  # 18:00 there
    found = looked(series, person=tokyo)
    assert (turns(found), found.entry.next_at) == ([], at("2026-03-03 00:00"))
    assert turns(looked(series, found.entry, at("2026-03-03 00:00"), tokyo)) == ["hello"]


def test_what_we_come_to_late_waits_for_the_next_opening_of_its_window() -> None:
    series = a_series(a_step(window=Window(frozenset(range(7)), time(9), time(17))))
    found = looked(series, now=at("2026-03-02 20:00"))
    assert (turns(found), found.entry.next_at) == ([], at("2026-03-03 09:00"))
    assert turns(looked(series, now=at("2026-03-02 17:00") + timedelta(minutes=10))) == []
    assert turns(looked(series, an_entry(entered_at=at("2026-03-02 16:59")), at("2026-03-02 17:05"))) == ["hello"]


# What lies between messages


def test_however_late_messages_keep_the_delays_between_them() -> None:
    series = a_series(a_step(), after_days("tips", 2), after_days("last", 5))
    hello = looked(series, now=NOW + 9 * DAY)
    assert turns(hello) == ["hello"]
    sent = row(series.steps[0], hello.entry, state_at=NOW + 9 * DAY + HOUR)
    early = looked(series, hello.entry, NOW + 11 * DAY, rows=[sent])
    assert turns(early) == []
    tips = looked(series, early.entry, NOW + 11 * DAY + HOUR, rows=[sent])
    assert (turns(tips), tips.entry.next_at) == (["tips"], NOW + 14 * DAY + HOUR)
    assert list(rows_wanted(series, tips.entry)) == [row_of(series.steps[1], tips.entry, None)]


@pytest.mark.parametrize("state", [EmailState.PLANNED, EmailState.DEFERRED])
def test_no_message_overtakes_the_one_before_it(state: EmailState) -> None:
    series = a_series(a_step(), after_days("tips", 2))
    entry = looked(series).entry
    found = looked(series, entry, NOW + 2 * DAY, rows=[row(series.steps[0], entry, state)])
    assert (found.due, found.entry.next_at) == ((), NOW + 4 * DAY)


def test_a_message_that_did_not_go_out_holds_up_nobody() -> None:
    series = a_series(a_step(), after_days("tips", 2))
    entry = looked(series).entry
    failed = row(series.steps[0], entry, EmailState.FAILED)
    assert turns(looked(series, entry, NOW + 2 * DAY, rows=[failed])) == ["tips"]


def test_who_waits_for_a_message_waits_for_those_after_it() -> None:
    found = looked(a_series(a_step(), after_days("tips", 2)), now=NOW + 3 * DAY, waiting=["hello"])
    assert (found.due, found.entry.next_at) == ((), NOW + 3 * DAY + HOUR)


# Dates


def test_a_birthday_is_kept_every_year_and_each_once() -> None:
    series, ann = a_series(yearly()), born("1990-05-17")
    entry = looked(series, person=ann).entry
    assert entry.next_at == NOW + DAY
    found = []
    now = NOW
    while now < at("2029-01-01 00:00"):
        one = looked(series, entry, now, ann)
        found += [(due.turn, due.at) for due in one.due]
        assert one.entry.next_at is not None
        entry, now = one.entry, one.entry.next_at
    assert found == [(f"birthday@{year}", at(f"{year}-05-17 09:00")) for year in (2026, 2027, 2028)]


def test_who_was_born_on_29_february_has_the_28th_in_other_years() -> None:
    series, ann = a_series(yearly(offset_days=0)), born("2000-02-29")
    entry = an_entry(entered_at=at("2026-01-01 00:00"))
    assert looked(series, entry, at("2026-02-28 09:00"), ann).due[0].at == at("2026-02-28 09:00")
    assert looked(series, entry, at("2028-02-28 09:00"), ann).due == ()
    assert looked(series, entry, at("2028-02-29 09:00"), ann).due[0].turn == "birthday@2028"


def test_three_days_before_a_new_years_birthday_is_the_old_year() -> None:
    series, ann = a_series(yearly(offset_days=-3)), born("1990-01-01")
    found = looked(series, now=at("2026-12-29 09:00"), person=ann)
    assert [(due.turn, due.at) for due in found.due] == [("birthday@2027", at("2026-12-29 09:00"))]


def test_a_birthday_comes_at_nine_where_the_person_lives() -> None:
    series = a_series(yearly())
    tokyo = born("1990-05-17", "Asia/Tokyo")
    assert turns(looked(series, now=at("2026-05-16 23:59"), person=tokyo)) == []
    assert turns(looked(series, now=at("2026-05-17 00:00"), person=tokyo)) == ["birthday@2026"]


def test_the_birthday_before_somebody_came_is_not_kept() -> None:
    entry = an_entry(entered_at=at("2026-05-17 12:00"))
    found = looked(a_series(yearly()), entry, at("2026-05-17 12:00"), born("1990-05-17"))
    assert (found.due, dict(found.entry.passed)) == ((), {})


def test_a_date_that_is_more_than_a_day_ago_is_missed_and_counted_and_the_next_year_is_kept() -> None:
    series, ann = a_series(yearly()), born("1990-05-17")
    assert turns(looked(series, now=at("2026-05-18 09:00"), person=ann)) == ["birthday@2026"]
    late = looked(series, now=at("2026-05-18 09:01"), person=ann)
    assert (late.due, dict(late.entry.passed)) == ((), {"birthday@2026": Passed.MISSED})
    next_year = looked(series, late.entry, at("2027-05-17 09:00"), ann)
    assert turns(next_year) == ["birthday@2027"]
    assert next_year.entry.passed == {"birthday@2026": Passed.MISSED}


@pytest.mark.parametrize("rubbish", [None, "", "soon", "31.12.1990", "1990-02-30", 5, ["1990-01-01"]])
def test_a_date_that_is_none_never_fires_is_counted_and_looked_at_daily(rubbish: object) -> None:
    for step in (yearly(), once()):
        found = looked(a_series(step), person=born(rubbish))
        assert (found.due, dict(found.entry.passed)) == ((), {step.key: Passed.NO_DATE})
        assert (found.entry.next_at, found.entry.ended) == (NOW + DAY, None)


def test_a_date_whose_delay_ends_beyond_all_calendars_is_none() -> None:
    step = replace(once(), delay=Delay(24, DelayUnit.MONTHS))
    assert looked(a_series(step), person=born("9998-12-31")).entry.passed == {"renewal": Passed.NO_DATE}


def test_a_date_that_was_mended_counts_from_then_on() -> None:
    series = a_series(yearly())
    entry = looked(series, person=born("soon")).entry
    found = looked(series, entry, NOW + DAY, born("1990-03-03"))
    assert (turns(found), dict(found.entry.passed)) == (["birthday@2026"], {})


def test_a_birthday_that_was_missed_by_a_slip_is_kept_when_it_is_corrected_and_once_in_a_year() -> None:
    series = a_series(yearly(), after_open("thanks", "birthday"))
    entry = an_entry(entered_at=NOW - 30 * DAY)
    missed = looked(series, entry, person=born("1990-02-20"))
    assert (missed.due, dict(missed.entry.passed)) == ((), {"birthday@2026": Passed.MISSED})
    waiting = looked(series, missed.entry, NOW + DAY, born("1990-03-20"))
    assert (waiting.due, dict(waiting.entry.passed)) == ((), {})
    kept = looked(series, waiting.entry, at("2026-03-20 09:00"), born("1990-03-20"))
    assert turns(kept) == ["birthday@2026"]
    assert looked(series, kept.entry, at("2026-03-25 09:00"), born("1990-03-25")).due == ()


def test_a_date_that_moves_is_seen_within_a_day() -> None:
    series = a_series(once(offset_days=-30))
    entry = looked(series, person=born("2026-06-01")).entry
    assert entry.next_at == NOW + DAY
    assert turns(looked(series, entry, NOW + DAY, born("2026-04-02"))) == ["renewal"]


def test_a_date_that_was_over_when_somebody_came_is_missed_until_it_moves() -> None:
    series = a_series(once())
    found = looked(series, person=born("2026-03-01"))
    assert (found.due, dict(found.entry.passed), found.entry.ended) == ((), {"renewal": Passed.MISSED}, None)
    extended = looked(series, found.entry, at("2027-03-01 09:00"), born("2027-03-01"))
    assert (turns(extended), extended.entry.ended) == (["renewal"], EntryEnd.COMPLETED)


def test_a_date_comes_once_even_when_it_moves_afterwards() -> None:
    series = a_series(once(), yearly())
    entry = looked(series, now=at("2026-03-05 09:00"), person=born("2026-03-05")).entry
    assert set(entry.done) == {"renewal", "birthday@2026"}
    assert looked(series, entry, at("2026-03-20 09:00"), born("2026-03-20")).due == ()


def test_a_birthday_that_falls_on_a_sunday_may_wait_for_monday() -> None:
    series = a_series(replace(yearly(), window=Window(frozenset(range(5)), time(9), time(17))))
    sunday = born("1990-05-17")  # 2026
    assert turns(looked(series, now=at("2026-05-17 12:00"), person=sunday)) == []
    assert turns(looked(series, now=at("2026-05-18 09:00"), person=sunday)) == ["birthday@2026"]


def test_a_date_in_the_hour_that_clocks_skip_comes_once_an_hour_later() -> None:
    series, ann = a_series(once(at=time(2, 30))), born("2026-03-29", "Europe/Berlin")
    entry = looked(series, now=at("2026-03-29 01:29"), person=ann).entry
    assert (dict(entry.done), entry.next_at) == ({}, at("2026-03-29 01:30"))
    assert turns(looked(series, entry, at("2026-03-29 01:30"), ann)) == ["renewal"]


def test_a_date_in_the_hour_that_comes_twice_comes_the_first_time_only() -> None:
    series, ann = a_series(once(at=time(2, 30))), born("2026-10-25", "Europe/Berlin")
    entry = looked(series, now=at("2026-10-25 00:30"), person=ann).entry
    assert set(entry.done) == {"renewal"}
    assert looked(series, entry, at("2026-10-25 01:30"), ann).due == ()


# What became of an earlier message


def after_first(step: Step, now: datetime = NOW, times: Mapping[str, datetime] | None = None, **given: Any) -> Look:
    """How a message that follows "hello" stands, when that was planned at `NOW` and became this."""
    series = a_series(a_step(), step)
    entry = looked(series).entry
    mail = row(series.steps[0], entry, **{"times": times or {}, **given})
    return looked(series, entry, now, rows=[mail])


def test_the_row_of_the_earlier_message_is_asked_for_until_it_is_decided() -> None:
    series = a_series(a_step(), after_open())
    entry = looked(series).entry
    assert list(rows_wanted(series, an_entry())) == []
    assert list(rows_wanted(series, entry)) == [row_of(series.steps[0], entry, None)]
    over = replace(entry, passed={"more": Passed.NOT_MET})
    assert list(rows_wanted(series, over)) == []


def test_who_opens_gets_the_next_one_a_delay_after_that() -> None:
    step = replace(after_open(), delay=Delay(2, DelayUnit.HOURS))
    opened = {"opened": NOW + HOUR}
    waiting = after_first(step, NOW + HOUR, opened)
    assert (turns(waiting), waiting.entry.next_at) == ([], NOW + 3 * HOUR)
    assert turns(after_first(step, NOW + 3 * HOUR, opened)) == ["more"]


@pytest.mark.parametrize(
    ("kind", "times", "counts"),
    [
        (TriggerKind.OPENED, {"opened": NOW}, True),
        (TriggerKind.OPENED, {"clicked": NOW}, True),
        (TriggerKind.OPENED, {"replied": NOW}, True),
        (TriggerKind.OPENED, {"machine_opened": NOW, "machine_clicked": NOW, "delivered": NOW}, False),
        (TriggerKind.CLICKED, {"opened": NOW}, False),
        (TriggerKind.CLICKED, {"machine_clicked": NOW}, False),
        (TriggerKind.CLICKED, {"clicked": NOW}, True),
    ],
)
def test_only_what_people_did_counts(kind: TriggerKind, times: Mapping[str, datetime], *, counts: bool) -> None:
    assert turns(after_first(after_open(kind=kind), NOW + HOUR, times)) == (["more"] if counts else [])


def test_an_open_after_its_days_comes_too_late() -> None:
    in_time = after_first(after_open(days=7), NOW + 8 * DAY, {"opened": NOW + 7 * DAY})
    too_late = after_first(after_open(days=7), NOW + 8 * DAY, {"opened": NOW + 7 * DAY + HOUR})
    assert (turns(in_time), turns(too_late)) == (["more"], [])
    assert (too_late.entry.passed, too_late.entry.ended) == ({"more": Passed.NOT_MET}, EntryEnd.COMPLETED)


def test_an_open_is_waited_for_a_day_beyond_its_time_since_it_may_be_told_late() -> None:
    waiting = after_first(after_open(days=7), NOW + 7 * DAY + HOUR)
    assert (waiting.entry.ended, waiting.entry.passed) == (None, {})
    over = after_first(after_open(days=7), NOW + 8 * DAY + HOUR)
    assert over.entry.ended is EntryEnd.COMPLETED


NOT_OPENED = after_open(kind=TriggerKind.NOT_OPENED, days=3)


def test_who_did_not_open_it_in_time_is_reminded_then_and_not_before() -> None:
    early = after_first(NOT_OPENED, NOW + 3 * DAY - HOUR)
    assert (turns(early), early.entry.next_at) == ([], NOW + 3 * DAY)
    found = after_first(NOT_OPENED, NOW + 3 * DAY)
    assert [(due.turn, due.at) for due in found.due] == [("more", NOW + 3 * DAY)]


@pytest.mark.parametrize("mark", ["opened", "clicked", "replied"])
def test_who_opened_it_is_not_reminded(mark: str) -> None:
    found = after_first(NOT_OPENED, NOW + 3 * DAY, {mark: NOW + HOUR})
    assert (found.due, found.entry.passed) == ((), {"more": Passed.NOT_MET})


@pytest.mark.parametrize("state", [EmailState.PLANNED, EmailState.DEFERRED])
def test_the_days_begin_when_the_mail_is_sent(state: EmailState) -> None:
    waiting = after_first(NOT_OPENED, NOW + 5 * DAY, state=state)
    assert (waiting.due, waiting.entry.next_at) == ((), NOW + 5 * DAY + HOUR)
    sent = after_first(NOT_OPENED, NOW + 5 * DAY, state_at=NOW + 4 * DAY)
    assert (sent.due, sent.entry.next_at) == ((), NOW + 7 * DAY)


@pytest.mark.parametrize("kind", [TriggerKind.OPENED, TriggerKind.CLICKED, TriggerKind.NOT_OPENED])
@pytest.mark.parametrize(
    "state", [EmailState.SKIPPED, EmailState.HARD_BOUNCED, EmailState.SOFT_BOUNCED, EmailState.FAILED]
)
def test_nothing_follows_a_mail_that_never_went_out(kind: TriggerKind, state: EmailState) -> None:
    found = after_first(after_open(kind=kind), NOW + 9 * DAY, state=state)
    assert (found.due, found.entry.passed) == ((), {"more": Passed.NOT_MET})


def test_nobody_is_reminded_of_a_mail_that_came_back() -> None:
    assert after_first(NOT_OPENED, NOW + 3 * DAY, bounced=EmailState.SOFT_BOUNCED).due == ()


def test_a_mail_in_doubt_is_waited_for() -> None:
    found = after_first(NOT_OPENED, NOW + 5 * DAY, state=EmailState.IN_DOUBT)
    assert (found.due, found.entry.next_at, found.entry.ended) == ((), NOW + 6 * DAY, None)


def test_an_open_that_is_told_before_its_mail_is_known_to_be_sent_counts() -> None:
    assert turns(after_first(after_open(), NOW + HOUR, {"opened": NOW}, state=EmailState.PLANNED)) == ["more"]


def test_what_follows_a_birthday_follows_that_of_each_year() -> None:
    series = a_series(yearly(), after_open("thanks", "birthday"))
    entry = an_entry(done={"birthday@2026": at("2026-05-17 09:00"), "birthday@2027": at("2027-05-17 09:00")})
    sent = [
        row(series.steps[0], entry, year=year, state_at=at(f"{year}-05-17 09:00"), times={"opened": at(when)})
        for year, when in ((2026, "2026-05-18 09:00"), (2027, "2027-05-18 09:00"))
    ]
    found = looked(series, entry, at("2027-05-18 10:00"), born("1990-05-17"), sent)
    assert sorted(turns(found)) == ["thanks@2026", "thanks@2027"]


def test_a_chain_ends_when_its_first_message_never_came() -> None:
    series = a_series(a_step(since=NOW + HOUR), after_open(), after_open("last", "more"))
    found = looked(series, now=NOW + HOUR)
    assert found.entry.passed == {
        "hello": Passed.ADDED_LATER,
        "more": Passed.NOT_MET,
        "last": Passed.NOT_MET,
    }
    assert found.entry.ended is EntryEnd.COMPLETED


# Edits of a series that runs


def test_a_changed_delay_holds_for_those_not_yet_there() -> None:
    before, after = a_series(a_step(), after_days("tips", 7)), a_series(a_step(), after_days("tips", 3))
    entry = looked(before).entry
    assert turns(looked(after, entry, NOW + 4 * DAY)) == ["tips"]
    over = looked(before, entry, NOW + 7 * DAY).entry
    assert looked(after, over, NOW + 8 * DAY).due == ()


def test_an_added_message_reaches_those_who_are_not_past_it_even_at_the_end() -> None:
    entry = looked(a_series()).entry
    assert entry.ended is EntryEnd.COMPLETED
    added = a_series(a_step(), after_days("tips", 7, since=NOW + 2 * DAY))
    reopened = replace(entry, ended=None, ended_at=None, next_at=NOW + 2 * DAY)
    found = looked(added, reopened, NOW + 2 * DAY)
    assert (found.due, found.entry.next_at) == ((), NOW + 7 * DAY)
    assert turns(looked(added, found.entry, NOW + 7 * DAY)) == ["tips"]


def test_who_is_past_an_added_message_does_not_get_it_and_newcomers_do() -> None:
    series = a_series(a_step(), after_days("tips", 7, since=NOW + 9 * DAY))
    entry = an_entry(done={"hello": NOW})
    found = looked(series, entry, NOW + 9 * DAY)
    assert (found.due, found.entry.passed) == ((), {"tips": Passed.ADDED_LATER})
    newcomer = an_entry(entered_at=NOW + 10 * DAY, done={"hello": NOW + 10 * DAY})
    assert turns(looked(series, newcomer, NOW + 17 * DAY)) == ["tips"]


def test_a_removed_message_is_no_longer_due() -> None:
    entry = looked(a_series(a_step(), after_days("tips", 7))).entry
    found = looked(a_series(), entry, NOW + 7 * DAY)
    assert (found.due, found.entry.ended) == ((), EntryEnd.COMPLETED)


def test_a_message_whose_trigger_lost_its_message_waits_for_nothing() -> None:
    """Such a definition is refused; one that came to be stored all the same harms nobody."""
    found = looked(a_series(after_open(earlier="gone")))
    assert (found.due, found.entry.ended) == ((), EntryEnd.COMPLETED)


# Ends

_ENDS: Sequence[tuple[SuppressionReason, EntryEnd]] = [
    (SuppressionReason.ERASED, EntryEnd.ERASED),
    (SuppressionReason.COMPLAINED, EntryEnd.COMPLAINED),
    (SuppressionReason.HARD_BOUNCED, EntryEnd.BOUNCED),
    (SuppressionReason.UNSUBSCRIBED, EntryEnd.UNSUBSCRIBED),
    (SuppressionReason.MANUAL, EntryEnd.UNSUBSCRIBED),
]
NOBODY: frozenset[SuppressionReason] = frozenset()


@pytest.mark.parametrize(("suppressed", "end"), _ENDS)
def test_suppressed_people_leave_the_series(suppressed: SuppressionReason, end: EntryEnd) -> None:
    assert end_of(a_series(), an_entry(), a_member(), frozenset({suppressed})) is end


def test_who_is_on_the_list_goes_on() -> None:
    assert end_of(a_series(), an_entry(), a_member(), NOBODY) is None


def test_who_is_off_the_list_or_gone_leaves_the_series() -> None:
    for person in (a_member(list_id="other"), None):
        assert end_of(a_series(), an_entry(), person, NOBODY) is EntryEnd.LEFT_LIST


@pytest.mark.parametrize("change", [{"opt_out": OptOut(NOW, "crm")}, {"left_topics": frozenset({"marketing"})}])
def test_opting_out_or_leaving_the_topic_ends_it(change: dict[str, Any]) -> None:
    gone = a_member(**change)
    assert end_of(a_series(), an_entry(), gone, NOBODY) is EntryEnd.UNSUBSCRIBED
    owed = a_series(purpose=Purpose.TRANSACTIONAL)
    assert end_of(owed, an_entry(), gone, NOBODY) is None


def test_who_left_and_came_back_goes_on_or_begins_anew_where_that_is_allowed() -> None:
    back = a_member(memberships={"news": Membership("news", frozenset({"import:1"}), later(5))})
    assert end_of(a_series(), an_entry(), back, NOBODY) is None
    assert end_of(a_series(reentry=True), an_entry(), back, NOBODY) is EntryEnd.LEFT_LIST
    always = a_member(memberships={"news": Membership("news", frozenset({"import:1"}), LONG_AGO)})
    assert end_of(a_series(reentry=True), an_entry(), always, NOBODY) is None


# Whatever happens


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=6),
    st.lists(st.integers(-30, 3_000), min_size=1, max_size=12),
)
def test_however_often_and_late_we_look_each_message_is_planned_once_and_none_is_lost(
    delays: list[int], looks: list[int]
) -> None:
    series = a_series(*(after_days(f"m{n}", days) for n, days in enumerate(delays)))
    entry, found = an_entry(), []
    times = [NOW + hours * HOUR for hours in looks]  # clocks go back and forth
    while entry.next_at is not None:
        now = times.pop(0) if times else max(entry.next_at, NOW + 41 * DAY)
        one = looked(series, entry, now)
        found += turns(one)
        entry = one.entry
    assert sorted(found) == sorted(f"m{n}" for n in range(len(delays)))
    assert entry.ended is EntryEnd.COMPLETED
