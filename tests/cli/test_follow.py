"""Following work that workers do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from cli import follow
from cli.follow import NobodyWorks, run_ended, said_now_and_then, until
from domain.slices import KeyRange, Run

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "POLL_S", 0.0)


def a_run(**changes: object) -> Run:
    given: dict[str, object] = {"id": "leads-1", "subject": "leads", "phase": "records", "started_at": NOW} | changes
    return Run(ranges=(KeyRange(None, None, "Leads"),), **given)  # type: ignore[arg-type]


def states(*given: object) -> Callable[[], object]:
    """Looks at one after the other; the last one stays."""
    waiting = list(given)

    async def look() -> object:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return look


async def test_every_state_is_seen_until_it_is_done() -> None:
    seen: list[object] = []
    found = await until(
        states(1, 2, 3), lambda n: n == 3, begun=lambda n: True, waiting_for="it", see=seen.append  # type: ignore[arg-type]
    )  # fmt: skip
    assert (found, seen) == (3, [1, 2, 3])


async def test_work_that_nobody_begins_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "PATIENCE_S", 0.05)
    with pytest.raises(
        NobodyWorks, match=r"leads is queued, and no worker has begun it within .*`campaigns worker all`"
    ):
        await until(states(0), lambda n: False, begun=lambda n: False, waiting_for="leads")  # type: ignore[arg-type]


async def test_an_older_run_is_not_taken_for_the_new_one() -> None:
    old = a_run(id="leads-0", started_at=NOW - timedelta(minutes=1), ended_at=NOW)
    new = a_run(ended_at=NOW + timedelta(seconds=1))
    found = await run_ended(states(None, old, a_run(), new), NOW, "Syncing leads")  # type: ignore[arg-type]
    assert found == new


def test_who_waits_long_is_told_now_and_then_what_for(capsys: pytest.CaptureFixture[str]) -> None:
    times_s = iter([0.0, 1.0, 15.0, 16.0, 30.5])
    see = said_now_and_then(lambda state: f"waiting for {state}", every_s=15, monotonic_s=lambda: next(times_s))
    for state in ("one", "two", "three", "four"):
        see(state)
    told = capsys.readouterr()
    assert (told.out, told.err.split("\n")) == ("", ["waiting for two", "waiting for four", ""])
