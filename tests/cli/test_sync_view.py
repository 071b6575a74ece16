"""How syncs and their runs look on a terminal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rich.console import Console, RenderableType

from cli import sync_view
from domain.slices import Run
from domain.sync_report import report
from tests.builders import a_run, a_sync, later

COUNTS = {"total": 1000, "new": 900, "skipped.no_email": 100}


def drawn(what: RenderableType) -> str:
    console = Console(width=120, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(what)
    return " ".join(captured.get().split())


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (a_run(), "running, 0 of 2 slices done"),
        (
            a_run(done=frozenset({0}), counts=COUNTS),
            "running, 1 of 2 slices done, 100 records/s, about 10.0 s to go",
        ),
        (a_run(done=frozenset({0, 1}), counts=COUNTS, ended_at=later(100)), "done in 0:01:40, 10 records/s"),
        (a_run(ended_at=later(2), ended_because="paused"), "paused in 2.0 s"),
    ],
)
def test_a_run_says_how_far_it_is_or_how_it_ended(run: Run, words: str) -> None:
    assert sync_view.state(report(run, later(10))) == words


def test_a_run_shows_every_number_with_its_name() -> None:
    shown = drawn(sync_view.run(a_run(mode="initiate", counts=COUNTS, ended_at=later(10))))
    assert "Run leads-r1 (initiate): done in 10.0 s" in shown
    assert "total 1,000 new 900 updated 0 unchanged 0 skipped: no_email 100" in shown


def test_a_line_of_the_history_sums_the_skips_and_says_why() -> None:
    run = a_run(mode="initiate", counts={**COUNTS, "skipped.deleted": 5}, ended_at=later(10))
    assert sync_view.history_row(run) == (
        "leads-r1", "initiate", "done", run.started_at, "10.0 s", 1000, 900, 0, 0, 105,
        "deleted: 5, no_email: 100",
    )  # fmt: skip


def test_a_sync_that_does_not_fit_its_module_says_so() -> None:
    shown = drawn(sync_view.all_syncs([a_sync()], {"leads": ["map.City: Leads has no such field"]}))
    assert "Sync leads does not fit its module: map.City: Leads has no such field" in shown


def test_the_map_shows_since_when_each_field_is_on_it() -> None:
    sync = a_sync(map_version=3, field_versions={"First_Name": 1, "Last_Name": 3})
    assert "First_Name first_name 1 Last_Name last_name 3" in drawn(sync_view.field_map(sync))


def test_hours_are_told_as_hours() -> None:
    run = a_run(done=frozenset({0, 1}), ended_at=a_run().started_at + timedelta(hours=3))  # type: ignore[operator]
    assert sync_view.state(report(run, later(1))).startswith("done in 3:00:00")
