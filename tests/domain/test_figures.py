"""What the report of a campaign is drawn from."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.figures import MOST_BARS, Link, Provider, Step, by_step, links_of, providers_of, step_for, without_persons
from tests.builders import NOW


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (timedelta(0), Step.HOUR),
        (timedelta(hours=MOST_BARS - 1), Step.HOUR),
        (timedelta(hours=MOST_BARS), Step.DAY),
        (timedelta(days=MOST_BARS), Step.WEEK),
        (timedelta(weeks=MOST_BARS), Step.MONTH),
    ],
)
def test_bars_are_as_narrow_as_there_is_room_for(span: timedelta, step: Step) -> None:
    assert step_for(NOW, NOW + span) is step


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x?utm_source=mail", "https://a.example/x?utm_source=mail"),
        ("https://a.example/?email=ann%40example.com&b=1", "https://a.example/?email=…&b=1"),
        ("https://a.example/u/ann@example.com/leave", "https://a.example/u/…/leave"),
        ("mailto:ann@example.com?subject=x", "…?subject=x"),
    ],
)
def test_a_link_names_nobody(url: str, shown: str) -> None:
    assert without_persons(url) == shown


def test_links_that_differ_in_the_person_only_are_one_and_the_most_clicked_is_first() -> None:
    clicked = [("https://a.example/", 3, 4), ("https://b.example/?e=ann@x.example", 2, 2), ("https://b.example/?e=bob@x.example", 2, 9)]  # fmt: skip # noqa: E501
    assert links_of(clicked) == [Link("https://b.example/?e=…", 4, 11), Link("https://a.example/", 3, 4)]
    assert len(links_of([(f"https://{n}.example", 1, 1) for n in range(99)], most=5)) == 5


def test_domains_of_one_provider_stand_together_and_small_ones_are_others() -> None:
    tried = [("gmail.com", "sent", 5), ("googlemail.com", "hard", 2), ("x.example", "soft", 3), ("", "failed", 1)]
    assert providers_of(tried) == [
        Provider("Gmail", 7, hard=2),
        Provider("x.example", 3, soft=3),
        Provider("no domain", 1, failed=1),
    ]
    assert providers_of(tried, most=1)[1:] == [Provider("2 others", 4, soft=3, failed=1)]
    assert Provider("x", 9, hard=1, soft=2, failed=3).lost == 6
    assert providers_of([]) == []


@pytest.mark.parametrize(
    ("step", "begins"),
    [
        (Step.HOUR, [NOW, NOW + timedelta(hours=1), NOW + timedelta(days=9)]),
        (Step.DAY, [NOW.replace(hour=0), NOW.replace(day=11, hour=0)]),
        (Step.WEEK, [NOW.replace(hour=0), NOW.replace(day=9, hour=0)]),  # Mondays
        (Step.MONTH, [NOW.replace(day=1, hour=0)]),
    ],
)
def test_hours_are_put_together(step: Step, begins: list[datetime]) -> None:
    hours = {
        NOW + timedelta(days=9): {"opened": 4},
        NOW: {"sent": 1},
        NOW + timedelta(hours=1): {"sent": 2, "opened": 3},
    }
    found = by_step(hours, step)
    assert list(found) == begins
    assert sum(sum(counts.values()) for counts in found.values()) == 10
