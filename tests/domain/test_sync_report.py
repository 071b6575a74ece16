"""What a run has done, how fast, and when it will be through (D5)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.slices import KeyRange
from domain.sync_report import report
from tests.builders import a_run, later

RANGES = tuple(KeyRange(number, "", str(number), "Leads") for number in range(4))
COUNTS = {"total": 1000, "new": 900, "skipped.no_email": 60, "skipped.duplicate": 40}


def test_a_run_under_way_says_how_fast_it_is_and_when_it_will_be_through() -> None:
    """1,000 records in 10 s in one of four slices: 100 a second, 30 s to go."""
    told = report(a_run(ranges=RANGES, done=frozenset({2}), counts=COUNTS), later(10))
    assert (told.state, told.slices_done, told.slices) == ("running", 1, 4)
    assert (told.records_per_s, told.remaining_s) == (100.0, 30.0)


def test_skips_are_told_by_reason_after_the_numbers_of_all() -> None:
    told = report(a_run(ranges=RANGES, counts=COUNTS), later(10))
    assert told.lines == [
        ("total", 1000), ("new", 900), ("updated", 0), ("unchanged", 0),
        ("skipped: duplicate", 40), ("skipped: no_email", 60),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("overrides", "state"),
    [({}, "done"), ({"ended_because": "paused"}, "paused"), ({"ended_because": "superseded"}, "superseded")],
)
def test_a_run_that_ended_says_how_and_has_nothing_to_go(overrides: dict[str, Any], state: str) -> None:
    ended = a_run(ranges=RANGES, done=frozenset(range(4)), counts=COUNTS, ended_at=later(5), **overrides)
    told = report(ended, later(999))
    assert (told.state, told.remaining_s, told.records_per_s) == (state, None, 200.0)


def test_before_the_first_slice_is_done_nothing_is_guessed() -> None:
    told = report(a_run(ranges=RANGES), later(3))
    assert (told.records_per_s, told.remaining_s) == (None, None)


def test_what_else_a_mode_counts_is_told_too() -> None:
    assert ("left.news", 7) in report(a_run(mode="delete", counts={"total": 9, "left.news": 7}), later(1)).lines
