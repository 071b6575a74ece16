"""Times of day where each recipient lives, D7."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidDefinition
from domain.send_times import NO_ZONE, SendTimes, local_time, moment, times, zone_of
from domain.values import Value
from tests.builders import NOW, later

NINE = local_time("2026-12-01T09:00")


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" america/new_york ", "America/New_York"),
        ("UTC", "UTC"),
        ("Mars/Olympus", None),
        ("", None),
        (None, None),
        (2, None),
        ("localtime", None),
        ("../etc/passwd", None),
        ("+02:00", None),
    ],
)
def test_a_zone_is_a_name_of_the_iana_database(said: Value, zone: str | None) -> None:
    assert zone_of(said) == zone


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        ("2026-12-01T09:00", "Europe/Berlin", "2026-12-01T08:00"),  # UTC+1 in winter
        ("2026-07-01T09:00", "Europe/Berlin", "2026-07-01T07:00"),  # UTC+2 in summer
        ("2026-12-01T09:00", "Pacific/Kiritimati", "2026-11-30T19:00"),  # UTC+14, the first
        ("2026-12-01T09:00", "Asia/Kathmandu", "2026-12-01T03:15"),  # UTC+5:45
        # Clocks go from 02:00 to 03:00: 02:30 by UTC+1 is 01:30, which they call 03:30 (RFC 5545, 3.3.5).
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30"),
        # Clocks go back from 03:00 to 02:00: the first 02:30, of UTC+2.
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30"),
        # Lord Howe goes forward by half an hour, from 02:00 to 02:30; 02:15 by UTC+10:30.
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45"),
        # Samoa left out 2011-12-30: 09:00 of that day by UTC-10 is 09:00 of the day that came instead.
        ("2011-12-30T09:00", "Pacific/Apia", "2011-12-30T19:00"),
    ],
)
def test_when_it_is_a_local_time_in_a_zone(local: str, zone: str, utc: str) -> None:
    assert moment(local_time(local), zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [("9:00", "no local time"), ("", "no local time"), ("2026-12-01T09:00Z", "names a zone"),
     ("2026-12-01T09:00+02:00", "names a zone"), ("9999-12-31T23:00", "is not between"),
     ("0001-01-01T00:00", "is not between")],
)  # fmt: skip
def test_what_is_no_local_time_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidDefinition, match=why):
        local_time(text)


def test_people_without_a_zone_count_as_living_in_the_organisations() -> None:
    found = times(NINE, [NO_ZONE, "UTC"], "Europe/Berlin")
    assert found.by_zone[NO_ZONE] == found.otherwise == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert (found.first, found.last) == (found.otherwise, datetime(2026, 12, 1, 9, tzinfo=UTC))


def test_where_everybodys_zone_is_known_the_organisations_does_not_count() -> None:
    found = times(NINE, ["UTC"], "Pacific/Kiritimati")
    assert found.first == found.last == datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_zones_that_come_to_it_together_are_told_together() -> None:
    found = SendTimes(NOW, {"b": later(60), "a": later(60), NO_ZONE: NOW})
    assert found.zones_by_time == {NOW: [NO_ZONE], later(60): ["a", "b"]}


@given(
    local=st.datetimes(local_time("2000-01-01"), local_time("2037-12-31")),
    zone=st.sampled_from(["America/Los_Angeles", "Europe/London", "Asia/Tokyo", "Australia/Sydney", "Asia/Tehran"]),
)
@settings(max_examples=60)
def test_everybody_comes_to_it_within_fourteen_hours_of_utc_and_in_order(local: datetime, zone: str) -> None:
    at = moment(local, zone)
    assert abs(at - local.replace(tzinfo=UTC)) <= timedelta(hours=14)
    assert moment(local + timedelta(hours=3), zone) > at
