"""D11: a campaign that does harm stops, with the reason."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.breakers import Cancel, Counts, Pause, Rule, Trip, Warn, may_trip, resumes, tripped
from tests.builders import NOW, later

DAY_S = 86_400


@pytest.mark.parametrize(
    ("counts", "kind", "rule"),
    [
        (Counts(tried=499, hard_bounced=400, complaints=9), None, None),  # too few to tell
        (Counts(tried=500, hard_bounced=25), None, None),  # exactly 5 %
        (Counts(tried=500, hard_bounced=26), Pause, Rule.HARD_BOUNCES),
        (Counts(tried=10_000, hard_bounced=500), None, None),
        (Counts(tried=10_000, complaints=9), None, None),
        (Counts(tried=10_000, complaints=10), Warn, Rule.COMPLAINTS),  # 0.1 %
        (Counts(tried=10_000, complaints=29), Warn, Rule.COMPLAINTS),
        (Counts(tried=10_000, complaints=30), Pause, Rule.COMPLAINTS),  # 0.3 %
        (Counts(tried=24, sender_faults=24), None, None),
        (Counts(tried=25, sender_faults=25), Pause, Rule.SENDER_FAULTS),  # a missing key: from the first email on
        (Counts(tried=400_000, sender_faults=300), None, None),  # single templates that failed
        (Counts(), None, None),
    ],
)
def test_what_trips_a_breaker(counts: Counts, kind: type[object] | None, rule: Rule | None) -> None:
    found = tripped(counts)
    assert (type(found) if found else None) is kind
    assert (found.rule if found else None) is rule


def test_the_reason_has_the_numbers() -> None:
    found = tripped(Counts(tried=1_000, hard_bounced=71))
    assert found == Pause(
        Rule.HARD_BOUNCES,
        "71 hard bounces of 1,000 (7.1%; the limit is 5.0%); it goes on by itself in 24 hours, or resume it by hand",
    )


def test_the_second_time_it_is_cancelled_for_what_happened_since_the_first() -> None:
    then = Counts(tried=1_000, hard_bounced=71)
    first = Trip(1, Rule.HARD_BOUNCES, NOW, then)
    assert tripped(then, first) is None
    assert tripped(Counts(tried=1_499, hard_bounced=471), first) is None
    assert isinstance(tripped(Counts(tried=1_500, hard_bounced=97), first), Cancel)
    assert tripped(Counts(tried=3_000, hard_bounced=171), first) is None  # 5 % of the 2,000 since


def test_it_goes_on_by_itself_a_day_later_once() -> None:
    first = Trip(1, Rule.COMPLAINTS, NOW, Counts())
    assert not resumes(first, NOW, later(DAY_S - 1))
    assert resumes(first, NOW, later(DAY_S))
    assert not resumes(replace(first, number=2), NOW, later(DAY_S))


def test_what_people_paused_or_have_to_mend_waits_for_people() -> None:
    first = Trip(1, Rule.HARD_BOUNCES, NOW, Counts())
    assert not resumes(first, NOW + timedelta(hours=1), later(3 * DAY_S))  # resumed, and paused by hand since
    assert not resumes(None, NOW, later(3 * DAY_S))
    assert not resumes(replace(first, rule=Rule.SENDER_FAULTS), NOW, later(3 * DAY_S))


@pytest.mark.parametrize("last", [None, Trip(1, Rule.HARD_BOUNCES, NOW, Counts(1_000, 60, 2, 30))])
def test_what_cannot_trip_by_fewer_tries_does_not_trip_by_more(last: Trip | None) -> None:
    """So that all who were tried are counted only where it matters."""
    spread = random.Random(7)
    for _ in range(5_000):
        at_least = spread.choice([0, 400, 900, 5_000])
        tried = at_least + spread.choice([0, 30, 600, 20_000])
        harm = Counts(tried, spread.randint(0, 80), spread.randint(0, 20), spread.randint(0, 60))
        counts = replace(harm, tried=tried + 1_000) if last else harm
        known = replace(counts, tried=counts.tried - tried + at_least)
        assert may_trip(known, last) or tripped(counts, last) is None, (known, counts)


def test_most_campaigns_are_not_counted_again_and_again() -> None:
    assert not may_trip(Counts(tried=0, hard_bounced=25, complaints=0, sender_faults=24))
    assert not may_trip(Counts(tried=100_000, hard_bounced=5_000, complaints=99, sender_faults=5_000))
