"""How reviews under way, dry runs and test mails are told."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cli import review_view
from cli.campaign_tests import _said, _unanswered, _waits
from cli.dry_run import COLUMNS, said, written
from domain.email import NO_SLICE, EmailState
from domain.review_progress import ReviewProgress
from domain.send_duration import SendDuration
from domain.test_mail import TestOutcome, TestState
from handlers.dry_run import Decided
from messages.test_requested import TestRequested
from tests.builders import NOW, a_reply, an_email

WAITING = TestOutcome("t1", "a@green.example", TestState.WAITING, NOW, detail="127.0.0.1:25: Connection refused")


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (ReviewProgress(1, 0, 0, 800), "spring: review, step 1 of 2: 0 people put on the list"),
        (
            ReviewProgress(2, 120_000, 240, 800, 3_100.4, 90.3),
            "spring: review, step 2 of 2: 120,000 people decided on, 3,100/s, about 0:01:30 to go",
        ),
    ],
)
def test_a_review_under_way_is_one_line(progress: ReviewProgress, line: str) -> None:
    assert review_view.line("spring", progress).plain == line


@pytest.mark.parametrize(
    ("takes", "words"),
    [
        (SendDuration(None), "as fast as the relay takes it, no limit is set"),
        (SendDuration(4_000, "relays", 100.0), "about 1:06:40; relays allow 100 a second"),
        (SendDuration(90_000, "warm-up", None, 1), "about 1 day, 1:00:00; its sending domain warms up"),
    ],
)
def test_how_long_it_takes_names_what_decides_it(takes: SendDuration, words: str) -> None:
    assert words in said(takes, 400_000)
    assert said(takes, 400_000).startswith("Sending to 400,000 people: ")


def test_everybody_is_written_on_a_line_of_their_own_and_starts_no_formula(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    skipped = an_email("b@green.example", state=EmailState.SKIPPED, slice=NO_SLICE, reason="duplicate", detail="x")
    with written(file) as tell:
        tell([Decided(an_email("a@green.example"), '=HYPERLINK("x")')])
        tell([Decided(skipped, "Bo, B.")])
    with file.open(newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows == [
        list(COLUMNS),
        ["a@green.example", '\'=HYPERLINK("x")', "Leads:1", "yes", "", ""],
        ["b@green.example", "Bo, B.", "Leads:1", "no", "duplicate", "x"],
    ]


def test_nobody_is_written_where_no_file_is_wanted() -> None:
    with written(None) as tell:
        tell([Decided(an_email(), "Ann")])
        assert tell([]) is None


def test_the_relays_word_is_told_or_why_there_is_none() -> None:
    refused = TestOutcome("t1", "a@green.example", TestState.REFUSED, NOW, a_reply(550, "5.1.1 unknown"))
    assert (_said(refused), _said(WAITING)) == ("550 5.1.1 unknown", WAITING.detail)


def test_who_waits_for_the_relay_or_for_a_worker_is_told_which() -> None:
    request = TestRequested(campaign_id="spring", addresses=["a@green.example"])
    assert _waits([]) == ""
    assert "Connection refused" in _unanswered(request, [WAITING])
    assert "campaigns worker test-requested" in _unanswered(request, [])
