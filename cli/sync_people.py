"""`campaigns sync lacking` and `skipped`: the people behind a sync's numbers, read in pages and with flat memory."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import typer

from cli import context, lookup
from cli.arguments import SyncId
from cli.output import Csv, Json, csv_cells, out, print_json, table, tell
from domain.errors import UnknownModule
from domain.sync import SyncSkip, check_mapped
from handlers.sync_lacking import Lacking, LackingFinder
from handlers.sync_skips import SkipFinder, Skipped
from repositories.stores import Stores
from workers.resources import carry_over

T = TypeVar("T")

Limit = Annotated[int, typer.Option(min=1, help="Show at most so many; --csv and --json have all of them.")]


@dataclass(frozen=True, slots=True)
class Columns(Generic[T]):
    """How one of them looks in a line, and under which names it is counted."""

    names: Sequence[str]
    cells: Callable[[T], Sequence[Any]]
    counted: Callable[[T], Sequence[str]]


LACKING: Columns[Lacking] = Columns(
    ("record", "address", "synced with map version", "lacks"),
    lambda one: (one.ref, one.address, one.map_version, ", ".join(one.fields)),
    lambda one: one.fields,
)
SKIPPED: Columns[Skipped] = Columns(
    ("record", "address", "why", "instead"),
    lambda one: (one.ref, one.address, one.reason, one.instead),
    lambda one: [one.reason],
)


@dataclass(slots=True)
class Seen(Generic[T]):
    """What a table needs of a list of any length."""

    first: list[T] = field(default_factory=list)
    total: int = 0
    numbers: Counter[str] = field(default_factory=Counter)


def register(app: typer.Typer) -> None:
    for command in (lacking, skipped):
        app.command()(command)


def lacking(
    sync_id: SyncId,
    field: Annotated[str | None, typer.Option(metavar="CRM_FIELD", help="Only those who lack this field.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Show who was synced before a field came on the map, and so lacks it."""

    async def found(stores: Stores) -> AsyncIterator[Lacking]:
        sync = await lookup.sync(stores, sync_id)
        check_mapped(sync, [field] if field else [])
        async for one in LackingFinder(stores.records, stores.contacts)(sync):
            if field is None or field in one.fields:
                yield one

    work = _reading(found, LACKING, limit, as_json=as_json, as_csv=as_csv)
    seen = context.stored(context.settings(), work)
    if as_json or as_csv:
        return None
    if not seen.total:
        return tell("Nobody lacks a field: everybody was synced with the map as it is.")
    _shown(seen, LACKING, ("Lacking", "CRM field", "people"))
    tell(f"They get it when their record changes, or all at once: `campaigns sync backfill {sync_id}`.")


def skipped(
    sync_id: SyncId,
    reason: Annotated[SyncSkip | None, typer.Option(help="Only those skipped for this reason.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Show which records a sync skips and why, as they are now.

    How many each run skipped, and why: `campaigns sync runs SYNC --csv`.
    """
    settings = context.settings()

    async def found(stores: Stores) -> AsyncIterator[Skipped]:
        sync = await lookup.sync(stores, sync_id)
        module = await stores.modules.get(sync.module)
        if module is None:
            raise UnknownModule(f"module: {sync.module} is not known; describe it: campaigns module describe FILE")
        async for one in SkipFinder(carry_over(settings, stores))(sync, module):
            if reason is None or one.reason is reason:
                yield one

    seen = context.stored(settings, _reading(found, SKIPPED, limit, as_json=as_json, as_csv=as_csv))
    if as_json or as_csv:
        return None
    if not seen.total:
        return tell("Nobody is skipped.")
    _shown(seen, SKIPPED, ("Skipped", "why", "records"))


def _reading(
    find: Callable[[Stores], AsyncIterator[T]], columns: Columns[T], limit: int, *, as_json: bool, as_csv: bool
) -> Callable[[Stores], Awaitable[Seen[T]]]:
    """Prints lines of CSV as they come, or JSON at the end; otherwise what a table shows is in the answer."""

    async def read(stores: Stores) -> Seen[T]:
        seen: Seen[T] = Seen()
        writer = csv.writer(sys.stdout)
        async for one in find(stores):
            if as_csv:
                writer.writerows([*([] if seen.total else [columns.names]), csv_cells(columns.cells(one))])
            seen.total += 1
            seen.numbers.update(columns.counted(one))
            if as_json or seen.total <= limit:
                seen.first.append(one)
        if as_csv and not seen.total:
            writer.writerow(columns.names)
        if as_json:
            print_json(seen.first)
        return seen

    return read


def _shown(seen: Seen[T], columns: Columns[T], numbers: tuple[str, str, str]) -> None:
    title, what, count = numbers
    out.print(table(title, (what, count), sorted(seen.numbers.items())))
    out.print(table("", columns.names, [columns.cells(one) for one in seen.first]))
    if seen.total > len(seen.first):
        tell(f"{seen.total - len(seen.first):,} more: --limit, or --csv for all.")
