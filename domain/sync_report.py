"""What a sync run has done so far, how fast, and when it will be through (D5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.slices import Run

SKIPPED = "skipped."
_FIRST = ("total", "new", "updated", "unchanged")


@dataclass(frozen=True, slots=True)
class SyncReport:
    run_id: str
    mode: str
    state: str  #: running, done, or why it ended before its end: paused, superseded, deleted
    counts: Mapping[str, int]  #: total, new, updated, unchanged, and whatever else its mode counts
    skipped: Mapping[str, int]  #: by SyncSkip
    slices: int
    slices_done: int
    records_per_s: float | None  #: None while nothing is done
    remaining_s: float | None  #: at that speed; None while nothing is known, and after the end
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def lines(self) -> list[tuple[str, int]]:
        """Every number with its name, as people read them."""
        return [*self.counts.items(), *((f"skipped: {reason}", count) for reason, count in self.skipped.items())]


def report(run: Run, now: datetime) -> SyncReport:
    """The run as it stands at `now`."""
    elapsed_s = ((run.ended_at or now) - run.started_at).total_seconds() if run.started_at else 0
    total, done = run.counts.get("total", 0), len(run.done)
    known = done > 0 and elapsed_s > 0
    return SyncReport(
        run_id=run.id,
        mode=run.mode,
        state=_state(run),
        counts=_counts(run),
        skipped={
            name.removeprefix(SKIPPED): run.counts[name] for name in sorted(run.counts) if name.startswith(SKIPPED)
        },
        slices=len(run.ranges),
        slices_done=done,
        records_per_s=total / elapsed_s if known else None,
        remaining_s=elapsed_s * (len(run.ranges) - done) / done if known and run.ended_at is None else None,
        started_at=run.started_at,
        ended_at=run.ended_at,
    )


def _state(run: Run) -> str:
    if run.ended_at is None:
        return "running"
    return run.ended_because or "done"


def _counts(run: Run) -> dict[str, int]:
    others = [name for name in sorted(run.counts) if name not in _FIRST and not name.startswith(SKIPPED)]
    return {name: run.counts.get(name, 0) for name in (*_FIRST, *others)}
