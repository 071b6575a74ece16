"""How syncs and their runs look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from cli.output import table
from domain.slices import Run
from domain.sync import Sync
from domain.sync_report import SyncReport, report
from workers.resources import now

RUN_COLUMNS = ("run", "mode", "state", "started", "took", "total", "new", "updated", "unchanged", "skipped", "why")


def all_syncs(syncs: Sequence[Sync], wrong: Mapping[str, Sequence[str]]) -> RenderableType:
    columns = ("id", "module", "lists", "type", "topics", "status")
    rows = [(s.id, s.module, ", ".join(s.lists), s.subscription, ", ".join(s.topics), s.status) for s in syncs]
    return Group(table("Syncs", columns, rows), *warnings(wrong))


def warnings(wrong: Mapping[str, Sequence[str]]) -> list[RenderableType]:
    """What keeps syncs from running again, since their modules were described anew or before they began."""
    return [
        Text(f"Sync {sync_id} does not fit its module: {problem}", style="yellow")
        for sync_id, problems in wrong.items()
        for problem in problems
    ]


def field_map(sync: Sync) -> RenderableType:
    columns = ("CRM field", "contact field", "since map version")
    rows = [(theirs, ours, sync.since[theirs]) for theirs, ours in sync.field_map.items()]
    return table(f"Field map, version {sync.map_version}", columns, rows)


def run(found: Run) -> RenderableType:
    told = report(found, now())
    return table(f"Run {told.run_id} ({told.mode}): {state(told)}", ("records", "number"), told.lines)


def state(told: SyncReport) -> str:
    """How far it is or how it ended, and how fast."""
    speed = f", {told.records_per_s:,.0f} records/s" if told.records_per_s else ""
    if told.ended_at is None:
        left = f", about {duration(told.remaining_s)} to go" if told.remaining_s is not None else ""
        return f"running, {told.slices_done:,} of {told.slices:,} slices done{speed}{left}"
    return f"{told.state} in {duration(_took_s(told))}{speed}"


def history_row(found: Run) -> tuple[object, ...]:
    told = report(found, now())
    numbers = (told.counts[name] for name in ("total", "new", "updated", "unchanged"))
    took = duration(_took_s(told)) if told.ended_at else ""
    why = ", ".join(f"{reason}: {count}" for reason, count in told.skipped.items())
    return (told.run_id, told.mode, told.state, told.started_at, took, *numbers, sum(told.skipped.values()), why)


def _took_s(told: SyncReport) -> float:
    return (told.ended_at - told.started_at).total_seconds() if told.ended_at and told.started_at else 0.0


def duration(seconds: float | None) -> str:
    """`3.2 s` below a minute, `0:12:05` above."""
    given = seconds or 0.0
    return f"{given:.1f} s" if given < 60 else str(timedelta(seconds=round(given)))
