"""How the benchmarks come to their figures: what is reckoned, not what is measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.benchmarks.measured import Run, median
from tests.benchmarks.profile import REST, place_of, stacks, table_of
from tests.benchmarks.resident import Resident
from tests.benchmarks.signing import share
from tests.benchmarks.sinks import Sink

BOTTOM = ("<module> (cli/__main__.py:5)", "run (workers/shell.py:40)")
WRITING = (*BOTTOM, "__call__ (handlers/send_batch.py:50)", "mail (domain/assembly.py:90)", "quote (urllib/parse.py:1)")
STORING = ("_worker (concurrent/futures/thread.py:83)", "encode (bson/__init__.py:100)")


@pytest.mark.parametrize(
    ("stack", "place"),
    [
        (WRITING, ("writing emails", "assembly.mail")),  # the innermost of ours, not the library it calls
        (STORING, ("MongoDB", "__init__.encode")),
        ((*BOTTOM, "deliver (gateways/smtp.py:60)"), ("SMTP", "smtp.deliver")),
        (BOTTOM, (REST, "shell.run")),  # native code of the event loop
        (("unreadable",), (REST, "unknown")),
    ],
)
def test_a_sample_belongs_to_the_innermost_frame_of_ours_or_of_a_driver(
    stack: tuple[str, ...], place: tuple[str, str]
) -> None:
    assert place_of(stack) == place


def test_a_profile_shows_the_largest_share_first_with_its_functions() -> None:
    rows = table_of(Counter({WRITING: 60, STORING: 30, BOTTOM: 10}))
    assert rows == [
        ("writing emails", "60%", "assembly.mail 60%"),
        ("MongoDB", "30%", "__init__.encode 30%"),
        (REST, "10%", "shell.run 10%"),
    ]


def test_a_stack_that_stands_on_two_lines_counts_for_both() -> None:
    assert stacks(["a (x.py:1);b (y.py:2) 3", "a (x.py:1);b (y.py:2) 4"]) == {("a (x.py:1)", "b (y.py:2)"): 7}


def test_memory_that_fills_up_at_first_and_then_stays_has_no_slope() -> None:
    filling = [(second, 90.0 + second) for second in range(10)]
    level = [(second, 100.0) for second in range(10, 40)]
    assert Resident([*filling, *level]).slope(50_000) == pytest.approx(0)


def test_memory_that_leaks_has_its_gain_per_100_000_emails() -> None:
    leaking = Resident([(second, 100 + second / 2) for second in range(41)])  # 20 MiB in 40 s, for 50,000 emails
    assert leaking.slope(50_000) == pytest.approx(40)
    assert (leaking.first_mib, leaking.last_mib, leaking.most_mib) == (100, 120, 120)


def test_too_short_a_run_tells_no_slope() -> None:
    assert Resident([(0, 90.0), (1, 95.0)]).slope(1000) is None


def test_the_sink_tells_the_last_count_that_was_written_whole(tmp_path: Path) -> None:
    counts = tmp_path / "counts"
    counts.write_bytes(b"sess=1 quit=0 mesg=7\rsess=1 quit=0 mesg=8\rsess=1 quit=0 mesg=")
    assert Sink("smtp-sink", counts).taken == 8


def test_a_sink_that_took_nothing_says_none_and_one_that_does_not_count_says_so(tmp_path: Path) -> None:
    counts = tmp_path / "counts"
    counts.touch()
    assert Sink("smtp-sink", counts).taken == 0
    assert Sink("catcher", None).taken is None


def test_the_share_of_signing_is_what_a_signed_email_takes_more() -> None:
    plain, signed = [Run(1000, 1, 0.3)], [Run(1000, 2, 0.6)]  # 300 and 600 µs each
    assert share(plain, signed) == "300 of 600 µs of CPU per email, 50%"


def test_one_slow_run_of_three_is_not_the_figure() -> None:
    assert median([Run(100, 1, 1), Run(100, 10, 1), Run(100, 0.5, 1)]) == 100
