"""R78: what a series may be, and how it moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from domain.errors import IllegalTransition, InvalidDefinition
from domain.series import (
    SERIES_NEXT,
    Delay,
    DelayUnit,
    Series,
    SeriesStatus,
    Step,
    Trigger,
    TriggerKind,
    Window,
    key_and_year,
    occurrence_of,
    turn_of,
)
from domain.series_check import check
from tests.builders import NOW, later
from tests.series_builders import a_series, a_step, after_open, yearly

_S = SeriesStatus


@pytest.mark.parametrize("before", list(SeriesStatus))
@pytest.mark.parametrize("after", list(SeriesStatus))
def test_a_series_moves_by_its_table_only(before: SeriesStatus, after: SeriesStatus) -> None:
    series = a_series(status=before)
    if after in SERIES_NEXT[before]:
        assert series.moved_to(after, "because", at=later(5)).status is after
    else:
        with pytest.raises(IllegalTransition, match=before):
            series.moved_to(after)


def test_it_keeps_when_it_was_started_first() -> None:
    started = a_series(status=_S.DRAFT, started_at=None).moved_to(_S.RUNNING, at=NOW)
    again = started.moved_to(_S.PAUSED, at=later(5)).moved_to(_S.RUNNING, at=later(9))
    assert (started.started_at, again.started_at, again.status_at) == (NOW, NOW, later(9))


def test_a_turn_names_its_message_and_year() -> None:
    assert [key_and_year(turn_of("a")), key_and_year(turn_of("a", 2028))] == [("a", None), ("a", 2028)]


def test_no_two_turns_of_any_entries_have_the_same_occurrence() -> None:
    found = [occurrence_of(number, year) for number in range(3) for year in (None, 2026, 2027)]
    assert found[0] == 0
    assert len(set(found)) == len(found)


def test_a_plain_series_passes() -> None:
    hello, more = a_step(), after_open()
    check(a_series(hello, more, yearly(), after_open("last", "more", TriggerKind.NOT_OPENED)))


def _window(**overrides: object) -> Step:
    return a_step(window=replace(Window(frozenset({0}), time(9), time(17)), **overrides))  # type: ignore[arg-type]


_BROKEN: dict[str, tuple[Series, str]] = {
    "no messages": (replace(a_series(), steps=()), "messages: there are none"),
    "too many": (a_series(*(a_step(f"m{n}") for n in range(51))), "messages: there are 51, and at most 50"),
    "the same key twice": (a_series(a_step(), a_step()), "message hello: key: 2 messages"),
    "a key that makes ids ambiguous": (a_series(a_step("a-b")), "message a-b: key"),
    "an id that is none": (a_series(id="a b"), "series: up to 40"),
    "an id that leaves no room": (a_series(id="a" * 38), "message hello: key: .* names its campaign"),
    "no name": (a_series(name=" "), "name: is empty"),
    "no list": (a_series(list_id=""), "list: is empty"),
    "a date without a field": (a_series(yearly(field=None)), "message birthday: trigger.date: name the contact field"),
    "an offset of years": (a_series(yearly(offset_days=400)), "message birthday: trigger.offset_days: 400"),
    "an hour with a zone": (a_series(yearly(at=time(9, tzinfo=NOW.tzinfo))), "message birthday: trigger.at"),
    "a date's hour elsewhere": (a_series(a_step(trigger=Trigger(TriggerKind.JOINED, at=time(9)))), "belong to a date"),
    "a message that is not there": (a_series(after_open(earlier="gone")), "message more: .*no message 'gone'"),
    "no earlier message": (a_series(a_step("m", Trigger(TriggerKind.OPENED, within_days=3))), "m: .*name the key"),
    "no days": (a_series(a_step(), a_step("m", Trigger(TriggerKind.OPENED, message="hello"))), "within_days: say"),
    "days without end": (a_series(a_step(), after_open(days=400)), "message more: trigger.within_days: 400"),
    "an earlier message of a date": (
        a_series(a_step(trigger=Trigger(TriggerKind.JOINED, message="hello"))),
        "message hello: trigger: message and within_days belong",
    ),
    "a negative delay": (a_series(a_step(delay=Delay(-1))), "message hello: delay: -1 days is not between"),
    "a delay without end": (a_series(a_step(delay=Delay(25, DelayUnit.MONTHS))), "message hello: delay: 25 months"),
    "a window without days": (a_series(_window(weekdays=frozenset())), "message hello: window.days: there are none"),
    "a window of an eighth day": (a_series(_window(weekdays=frozenset({7}))), "message hello: window.days: a day"),
    "a window that closes first": (a_series(_window(closes=time(8))), "message hello: window: closes at 08:00"),
    "a window without a minute": (a_series(_window(closes=time(9))), "message hello: window: closes at 09:00"),
    "a message that waits for itself": (a_series(after_open("a", "a")), "message a: .*a -> a"),
    "messages that wait for each other": (
        a_series(after_open("a", "c"), after_open("b", "a"), after_open("c", "b")),
        "message a: trigger.opened: the messages wait for each other: a -> c -> b -> a",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _BROKEN)
def test_what_cannot_run_is_refused_and_named(name: str) -> None:
    series, told = _BROKEN[name]
    with pytest.raises(InvalidDefinition, match=told):
        check(series)


def test_a_message_that_waits_for_a_loop_is_not_blamed() -> None:
    series = a_series(after_open("x", "a"), after_open("a", "b"), after_open("b", "a"))
    with pytest.raises(InvalidDefinition, match="message a: "):
        check(series)


def test_a_window_may_end_at_midnight() -> None:
    check(a_series(_window(opens=time(18), closes=time(0))))
