"""R78: delays, dates and windows by the calendar and the clock of each person."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from domain.series import Delay, DelayUnit, Trigger, TriggerKind, Window
from domain.series_times import date_moment, date_of, delayed, in_year, opening
from domain.values import Value

BERLIN = "Europe/Berlin"  #: +1, in summer +2: from 2026-03-29 02:00 to 2026-10-25 03:00
WEEK = frozenset(range(5))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "amount", "unit", "expected"),
    [
        ("2026-03-02 09:00", 90, DelayUnit.MINUTES, "2026-03-02 10:30"),
        ("2026-03-02 09:00", 5, DelayUnit.HOURS, "2026-03-02 14:00"),
        ("2026-03-02 09:00", 2, DelayUnit.WEEKS, "2026-03-16 09:00"),
        # 10:00 of the 28th, +1, and 10:00 of the 29th, +2: 23 hours
        ("2026-03-28 09:00", 1, DelayUnit.DAYS, "2026-03-29 08:00"),
        # hours are hours
        ("2026-03-28 09:00", 24, DelayUnit.HOURS, "2026-03-29 09:00"),
        # 02:30 of the 29th is skipped: taken an hour later, 03:30 +2
        ("2026-03-28 01:30", 1, DelayUnit.DAYS, "2026-03-29 01:30"),
        # 02:30 of 25 October comes twice: the first one, +2
        ("2026-10-24 00:30", 1, DelayUnit.DAYS, "2026-10-25 00:30"),
        ("2026-01-31 09:00", 1, DelayUnit.MONTHS, "2026-02-28 09:00"),
        ("2028-01-31 09:00", 1, DelayUnit.MONTHS, "2028-02-29 09:00"),
        ("2026-01-31 09:00", 3, DelayUnit.MONTHS, "2026-04-30 08:00"),  # and summer time
        ("2026-12-31 09:00", 2, DelayUnit.MONTHS, "2027-02-28 09:00"),
        ("2026-01-15 09:00", 24, DelayUnit.MONTHS, "2028-01-15 09:00"),
    ],
)
def test_a_delay_in_berlin(at: str, amount: int, unit: DelayUnit, expected: str) -> None:
    assert delayed(utc(at), Delay(amount, unit), BERLIN) == utc(expected)


@pytest.mark.parametrize(
    ("amount", "unit"),
    [
        (1_051_200, DelayUnit.MINUTES), (17_520, DelayUnit.HOURS), (730, DelayUnit.DAYS), (104, DelayUnit.WEEKS),
        (24, DelayUnit.MONTHS), (1, DelayUnit.DAYS), (10**30, DelayUnit.MONTHS),
    ],
)  # fmt: skip
def test_a_delay_beyond_what_clocks_can_reckon_with_never_ends(amount: int, unit: DelayUnit) -> None:
    assert delayed(utc("9998-12-31 09:00"), Delay(amount, unit), BERLIN) is None


@pytest.mark.parametrize(("zero"), list(DelayUnit))
def test_no_delay_changes_nothing_even_where_a_time_comes_twice(zero: DelayUnit) -> None:
    second = utc("2026-10-25 01:30")  # 02:30 for the second time
    assert delayed(second, Delay(0, zero), BERLIN) in (second, utc("2026-10-25 00:30"))
    assert delayed(second, Delay(0, DelayUnit.DAYS), BERLIN) == second


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-02 07:59", "2026-03-02 08:00"),  # Monday
        ("2026-03-02 08:00", "2026-03-02 08:00"),
        ("2026-03-02 15:59", "2026-03-02 15:59"),
        ("2026-03-02 16:00", "2026-03-03 08:00"),  # closes itself not
        ("2026-03-06 16:00", "2026-03-09 08:00"),  # Friday evening
        ("2026-03-28 12:00", "2026-03-30 07:00"),  # over the weekend into summer time
        ("2026-03-01 23:30", "2026-03-02 08:00"),  # Monday already, in Berlin
    ],
)
def test_what_falls_due_outside_a_window_waits_until_it_opens(at: str, expected: str) -> None:
    assert opening(utc(at), Window(WEEK, time(9), time(17)), BERLIN) == utc(expected)


def test_a_window_may_last_until_midnight() -> None:
    evenings = Window(frozenset({0}), time(20), time(0))
    assert opening(utc("2026-03-02 22:59"), evenings, BERLIN) == utc("2026-03-02 22:59")
    assert opening(utc("2026-03-02 23:00"), evenings, BERLIN) == utc("2026-03-09 19:00")


def test_a_window_that_lies_in_the_hour_that_is_skipped_opens_an_hour_later() -> None:
    night = Window(frozenset({6}), time(2), time(3))
    assert opening(utc("2026-03-29 00:00"), night, BERLIN) == utc("2026-04-05 00:00")
    assert opening(utc("2026-03-28 22:00"), Window(frozenset({6}), time(2), time(2, 30)), BERLIN) == utc(
        "2026-03-29 01:00"
    )


def test_without_a_window_anything_goes() -> None:
    assert opening(utc("2026-03-01 03:00"), None, BERLIN) == utc("2026-03-01 03:00")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("1990-05-17", date(1990, 5, 17)),
        (" 1990-05-17 ", date(1990, 5, 17)),
        ("1990-05-17T23:30:00+02:00", date(1990, 5, 17)),
        ("1990-05-17 08:00:00", date(1990, 5, 17)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2026-02-29", None),
        ("17.05.1990", None),
        ("soon", None),
        ("", None),
        ("0000-00-00", None),
        ("1990-13-45", None),
        ("9" * 40, None),
        (None, None),
        (0, None),
        (19900517, None),
        (True, None),
        (["1990-05-17"], None),
        ({"date": "1990-05-17"}, None),
    ],
)
def test_a_date_is_a_date_and_rubbish_is_none(said: Value, expected: date | None) -> None:
    assert date_of(said) == expected


def test_29_february_falls_on_the_28th_in_other_years() -> None:
    born = date(2000, 2, 29)
    assert [in_year(born, year) for year in (2026, 2028, 2100)] == [
        date(2026, 2, 28), date(2028, 2, 29), date(2100, 2, 28)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "trigger", "expected"),
    [
        (date(2026, 7, 1), {"at": time(9)}, "2026-07-01 07:00"),
        (date(2026, 7, 1), {}, "2026-06-30 22:00"),
        (date(2026, 3, 1), {"at": time(9), "offset_days": -1}, "2026-02-28 08:00"),
        (date(2026, 12, 31), {"at": time(9), "offset_days": 1}, "2027-01-01 08:00"),
        (date(2026, 3, 29), {"at": time(2, 30)}, "2026-03-29 01:30"),  # skipped
        (date(2026, 10, 25), {"at": time(2, 30)}, "2026-10-25 00:30"),  # the first of two
    ],
)
def test_a_date_comes_at_its_hour_where_the_person_lives(day: date, trigger: dict[str, object], expected: str) -> None:
    assert date_moment(day, Trigger(TriggerKind.DATE, "d", **trigger), BERLIN) == utc(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(("day", "offset"), [(date.max, 0), (date.max, 5), (date(9999, 1, 1), 0)])
def test_a_date_that_no_clock_can_reckon_with_is_none(day: date, offset: int) -> None:
    assert date_moment(day, Trigger(TriggerKind.DATE, "d", offset_days=offset), BERLIN) is None


@pytest.mark.parametrize(("day", "offset"), [(date.min, 0), (date(1900, 1, 1), 0), (date(1970, 1, 1), -300)])
def test_a_date_of_long_ago_is_past(day: date, offset: int) -> None:
    found = date_moment(day, Trigger(TriggerKind.DATE, "d", offset_days=offset), BERLIN)
    assert found is not None
    assert found < utc("1970-01-03 00:00")
