"""What `campaigns series entry` tells of somebody agrees with what the scheduler then does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from domain.email import Email, EmailState
from domain.series import Entry, EntryEnd, Passed, Series, TriggerKind, Window
from domain.series_outlook import Ahead, Outlook, outlook
from domain.series_steps import look
from domain.series_turns import Person, Turns, row_of
from tests.builders import NOW, an_email
from tests.series_builders import ANN, a_series, a_step, after_days, after_open, an_entry, once, yearly

DAY = timedelta(days=1)


def seen(
    series: Series, entry: Entry, person: Person | None = None, rows: Sequence[Email] = (), held: Sequence[str] = ()
) -> tuple[Ahead, ...]:
    steps = {step.key: step for step in series.steps}
    turns = Turns(entry, person or Person({}, "UTC"), steps, {row.id: row for row in rows}, NOW)
    return outlook(turns, steps.keys() - set(held))


def after_a_look(series: Series, person: Person | None = None) -> Entry:
    return look(series, an_entry(), person or Person({}, "UTC"), {}, {step.key for step in series.steps}, NOW).entry


def test_what_is_planned_and_what_comes_are_told_with_their_times() -> None:
    series = a_series(a_step(), after_days("tips", 2))
    assert seen(series, after_a_look(series)) == (
        Ahead("hello", Outlook.PLANNED, NOW),
        Ahead("tips", Outlook.COMES, NOW + 2 * DAY),
    )


def test_what_is_due_is_told_apart_from_what_its_campaign_holds() -> None:
    series = a_series(a_step())
    assert seen(series, an_entry()) == (Ahead("hello", Outlook.DUE, NOW),)
    assert seen(series, an_entry(), held=["hello"]) == (Ahead("hello", Outlook.HELD, NOW),)


def test_a_window_that_is_closed_moves_the_time() -> None:
    tomorrow = frozenset({(NOW + DAY).weekday()})
    series = a_series(a_step(window=Window(weekdays=tomorrow)))
    (found,) = seen(series, an_entry())
    assert (found.stands, found.at) == (Outlook.COMES, (NOW + DAY).replace(hour=0, minute=0, second=0, microsecond=0))


def test_what_nobody_did_yet_is_waited_for_and_comes_once_it_is_done() -> None:
    series = a_series(a_step(), after_open(kind=TriggerKind.NOT_OPENED, days=3))
    entry = after_a_look(series)
    hello = series.steps[0]
    row = replace(an_email(ANN), id=row_of(hello, entry, None), state=EmailState.SENT, state_at=NOW)
    assert seen(series, entry)[1] == Ahead("more", Outlook.WAITS)
    assert seen(series, entry, rows=[row])[1] == Ahead("more", Outlook.COMES, NOW + 3 * DAY)


def test_of_a_yearly_date_the_next_one_is_told_and_of_one_that_is_none_why() -> None:
    series = a_series(yearly(), once())
    born = Person({"birthday": (NOW + DAY).date().isoformat()}, "UTC")
    birthday, renewal = seen(series, an_entry(), born)
    comes = (NOW + DAY).replace(hour=9, minute=0, second=0, microsecond=0)
    assert birthday == Ahead(f"birthday@{comes.year}", Outlook.COMES, comes)
    assert renewal == Ahead("renewal", Outlook.PASSED, why=Passed.NO_DATE)
    assert seen(series, an_entry())[0] == Ahead("birthday", Outlook.PASSED, why=Passed.NO_DATE)


def test_nothing_is_ahead_of_who_has_ended() -> None:
    series = a_series(a_step(), after_days("tips", 2))
    gone = replace(after_a_look(series), ended=EntryEnd.LEFT_LIST, next_at=None)
    assert seen(series, gone) == (Ahead("hello", Outlook.PLANNED, NOW),)
