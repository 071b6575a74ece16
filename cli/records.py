"""`campaigns import`: publishes the rows of a CSV file as record-changed events, as a CRM would."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from cli import context
from cli.output import Json, err, out, print_json
from cli.progress import progress
from config.settings import Settings
from domain.errors import InvalidDefinition
from domain.record import Operation
from messages.envelope import in_words
from messages.record_changed import RecordChanged
from messages.snapshot_finished import SnapshotFinished
from workers.options import amqp_options
from workers.outgoing import outgoing
from workers.publisher import Publisher, publishing
from workers.resources import now

WINDOW = 500  #: rows published at once; memory stays flat
ID_COLUMNS = ("record_id", "id", "Id")
REST = "(rest)"  #: where csv puts cells beyond the header
CHANGED_COLUMNS = ("changed_at", "Modified_Time")


@dataclass(frozen=True, slots=True)
class BadRow:
    row: int  #: as a spreadsheet counts: the header is row 1
    column: str
    reason: str


def register(app: typer.Typer) -> None:
    app.command("import")(import_)


def import_(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV in UTF-8 with a header of field names.")
    ],
    module: Annotated[str, typer.Option(help="CRM module of the rows: Leads, Contacts, or a custom one.")],
    snapshot: Annotated[
        bool, typer.Option(help="Say afterwards that these are all records of the module (snapshot-finished).")
    ] = True,
    as_json: Json = False,
) -> None:
    """Publish each row as a record-changed event. Bad rows are listed with row, column and reason; good rows go on.

    Columns: record_id (or id) is needed; changed_at (or Modified_Time) says when the row changed, default now; every
    other column is a field. An empty cell is an empty field.
    """
    result = asyncio.run(_import(context.settings(), file, module, snapshot))
    bad = result.pop("refused")
    if as_json:
        print_json(result | {"refused": bad})
    else:
        for row in bad:
            err.print(f"row {row.row}, column {row.column}: {row.reason}", style="yellow", markup=False)
        out.print(f"{result['published']:,} records of {module} published, {len(bad):,} rows refused.")
    if bad:
        raise typer.Exit(1)


async def _import(settings: Settings, file: Path, module: str, snapshot: bool) -> dict[str, Any]:
    taken_at, refused, published = now(), list[BadRow](), 0
    async with publishing(amqp_options(settings), "campaigns import") as publisher:
        with progress(f"Publishing {file.name}", total=file.stat().st_size, unit="bytes") as advance:
            for window, read_bytes in _windows(file, module, taken_at, refused):
                await _publish(publisher, window)
                published += len(window)
                advance(read_bytes)
        if snapshot:
            whole = SnapshotFinished(module=module, count=published, taken_at=taken_at)
            event_id = f"{module}:snapshot:{taken_at.isoformat()}"
            await publisher.publish([outgoing(whole, id=event_id, time=now())])
    return {"module": module, "published": published, "refused": refused}


async def _publish(publisher: Publisher, window: list[RecordChanged]) -> None:
    """Ids are made of record and time: importing the same file again publishes the same events."""
    await publisher.publish(
        [
            outgoing(event, id=f"{event.module}:{event.record_id}:{event.changed_at.isoformat()}", time=now())
            for event in window
        ]
    )


def _windows(
    file: Path, module: str, taken_at: datetime, refused: list[BadRow]
) -> Iterator[tuple[list[RecordChanged], int]]:
    """Windows of events with how far into the file, in bytes, each reaches; bad rows are added to `refused`."""
    with file.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as lines:
        events = _events(csv.DictReader(lines, restkey=REST), module, taken_at, refused)
        while window := list(islice(events, WINDOW)):
            yield window, raw.tell()


def _events(
    rows: csv.DictReader[str], module: str, taken_at: datetime, refused: list[BadRow]
) -> Iterator[RecordChanged]:
    id_column = _column(rows.fieldnames or (), ID_COLUMNS)
    for row in rows:
        event = _event(row, module, id_column, taken_at, rows.line_num)
        if isinstance(event, BadRow):
            refused.append(event)
        else:
            yield event


def _column(names: Any, wanted: tuple[str, ...]) -> str:
    found = next((name for name in wanted if name in names), None)
    if found is None:
        raise InvalidDefinition(f"row 1: no column {' or '.join(wanted)}; there are: {', '.join(names) or 'none'}")
    return found


def _event(row: dict[str, Any], module: str, id_column: str, taken_at: datetime, line: int) -> RecordChanged | BadRow:
    if REST in row:
        return BadRow(line, "(after the last)", f"{len(row[REST])} more cells than the header has columns")
    if missing := [name for name, cell in row.items() if cell is None]:
        return BadRow(line, missing[0], "the row ends before this column")
    changed_column = next((name for name in CHANGED_COLUMNS if row.get(name)), None)
    changed_at = _time(row[changed_column]) if changed_column else taken_at
    if changed_at is None:
        return BadRow(
            line, changed_column or "", f"{row[changed_column or '']!r} is not a time such as 2026-11-23T09:30:00Z"
        )
    try:
        return RecordChanged(
            module=module,
            record_id=row[id_column].strip(),
            operation=Operation.UPDATE,
            fields={name: cell for name, cell in row.items() if name not in (id_column, "changed_at")},
            complete=True,
            changed_at=changed_at,
        )
    except ValidationError as error:
        return BadRow(line, id_column, in_words(error))


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
