"""`campaigns import`: publishes the rows of a CSV file as record-changed events, as a CRM would."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from cli import context
from cli.output import Json, counted, err, print_json, say, tell
from cli.progress import progress
from config.settings import Settings
from domain.errors import InvalidDefinition, UnknownModule
from domain.module import BUILT_IN
from domain.record import Operation
from messages.envelope import in_words
from messages.record_changed import RecordChanged
from messages.snapshot_finished import SnapshotFinished
from repositories.stores import Stores
from workers.options import amqp_options
from workers.outgoing import outgoing
from workers.publisher import Publisher, publishing
from workers.resources import now

WINDOW = 500  #: rows published at once; memory stays flat
ID_COLUMNS = ("record_id", "id", "Id")
CHANGED_COLUMNS = ("changed_at", "Modified_Time")
MOST_KEPT = 1_000  #: refused rows that are listed
MOST_SHOWN = 20  #: of them on a terminal


@dataclass(frozen=True, slots=True)
class BadRow:
    row: int  #: as a spreadsheet counts: the header is row 1
    column: str
    reason: str


@dataclass(slots=True)
class Refused:
    """Rows that were not published: all are counted, the first thousand are kept."""

    count: int = 0
    rows: list[BadRow] = field(default_factory=list)

    def add(self, row: BadRow) -> None:
        self.count += 1
        if len(self.rows) < MOST_KEPT:
            self.rows.append(row)


def register(app: typer.Typer) -> None:
    app.command("import")(import_)


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV in UTF-8; row 1 names the columns.")
    ],
    module: Annotated[str, typer.Option(help="CRM module of the rows: Leads, Contacts, or a custom one.")],
    snapshot: Annotated[
        bool, typer.Option(help="Say afterwards whether these are all records of the module (snapshot-finished).")
    ] = True,
    as_json: Json = False,
) -> None:
    """Publish each row as a record-changed event. Bad rows are listed with row, column and reason; good rows go on.

    Columns: record_id (or id) is needed; changed_at (or Modified_Time) says when the row changed, default now; every
    other column is a field. An empty cell is an empty field. Exit code 1: some rows were refused.
    """
    settings, refused = context.settings(), Refused()
    context.stored(settings, lambda stores: _check_module(stores, module))
    published = asyncio.run(_import(settings, file, module, snapshot=snapshot, refused=refused))
    if as_json:
        print_json({"module": module, "published": published, "refused": refused.count, "refused_rows": refused.rows})
    else:
        _list(refused)
        tell(f"{counted(published, 'record')} of {module} published, {counted(refused.count, 'row')} refused.")
    if refused.count:
        raise typer.Exit(1)


async def _check_module(stores: Stores, module: str) -> None:
    """Every row of a module that nobody described would be parked."""
    if await stores.modules.get(module) is None:
        known = f"{', '.join(BUILT_IN)}, and those that a module-described message described"
        raise UnknownModule(f"there is no module {module}; known are {known}")


def _list(refused: Refused) -> None:
    for row in refused.rows[:MOST_SHOWN]:
        err.print(f"row {row.row}, column {row.column}: {row.reason}", style="yellow", markup=False, soft_wrap=True)
    if refused.count > MOST_SHOWN:
        say(f"… and {counted(refused.count - MOST_SHOWN, 'row')} more; --json lists the first {MOST_KEPT:,}.")


async def _import(settings: Settings, file: Path, module: str, *, snapshot: bool, refused: Refused) -> int:
    """How many records were published; bad rows are added to `refused`."""
    taken_at, published = now(), 0
    async with publishing(amqp_options(settings), "campaigns import") as publisher:
        with progress(f"Publishing {file.name}", total=file.stat().st_size) as advance:
            for window, read_bytes in _windows(file, module, taken_at, refused):
                await _publish(publisher, window)
                published += len(window)
                advance(read_bytes)
        if snapshot:
            whole = SnapshotFinished(module=module, count=published, taken_at=taken_at)
            event_id = f"{module}:snapshot:{taken_at.isoformat()}"
            await publisher.publish([outgoing(whole, id=event_id, time=now())])
    return published


async def _publish(publisher: Publisher, window: list[RecordChanged]) -> None:
    """Ids are made of record and time: importing a file again that says when its rows changed repeats its events."""
    await publisher.publish(
        [
            outgoing(event, id=f"{event.module}:{event.record_id}:{event.changed_at.isoformat()}", time=now())
            for event in window
        ]
    )


def _windows(
    file: Path, module: str, taken_at: datetime, refused: Refused
) -> Iterator[tuple[list[RecordChanged], int]]:
    """Windows of events with how far into the file, in bytes, each reaches; bad rows are added to `refused`."""
    with file.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as lines:
        events = _events(_rows(lines), module, taken_at, refused)
        while window := list(islice(events, WINDOW)):
            yield window, raw.tell()


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Each row with its number as a spreadsheet counts: cells may hold line ends, and empty rows count.

    Raises:
        InvalidDefinition: the file is not UTF-8 or not CSV from some row on.
    """
    number = 0
    try:
        for number, cells in enumerate(csv.reader(lines), 1):
            if cells:
                yield number, cells
    except UnicodeDecodeError as error:
        raise InvalidDefinition(_unreadable(number, "is not UTF-8; save it as CSV UTF-8")) from error
    except csv.Error as error:
        raise InvalidDefinition(_unreadable(number, f"is not CSV: {error}")) from error


def _unreadable(last: int, why: str) -> str:
    """What a file is read in pieces for: those before the bad one may be published, and may be published again."""
    return f"the file {why}. It could be read up to row {last}; mend it and import it again: nothing comes twice"


def _events(
    rows: Iterator[tuple[int, list[str]]], module: str, taken_at: datetime, refused: Refused
) -> Iterator[RecordChanged]:
    _, names = next(rows, (1, []))
    id_column = _column(names, ID_COLUMNS)
    for number, cells in rows:
        event = _misshapen(number, cells, names) or _event(
            number, dict(zip(names, cells, strict=True)), module, id_column, taken_at
        )
        if isinstance(event, BadRow):
            refused.add(event)
        else:
            yield event


def _column(names: Sequence[str], wanted: tuple[str, ...]) -> str:
    found = next((name for name in wanted if name in names), None)
    if found is None:
        raise InvalidDefinition(
            f"row 1: no column {' or '.join(wanted)}; there are: {', '.join(names) or 'none'}. "
            "Columns are separated by commas"
        )
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise InvalidDefinition(f"row 1: column {twice[0] or '(without a name)'} stands there twice")
    return found


def _misshapen(number: int, cells: Sequence[str], names: Sequence[str]) -> BadRow | None:
    """What is wrong with a row that has not one cell for each column."""
    if len(cells) > len(names):
        return BadRow(number, "(after the last)", f"{len(cells) - len(names)} more cells than the header has columns")
    return BadRow(number, names[len(cells)], "the row ends before this column") if len(cells) < len(names) else None


def _event(
    number: int, row: Mapping[str, str], module: str, id_column: str, taken_at: datetime
) -> RecordChanged | BadRow:
    if not row[id_column].strip():
        return BadRow(number, id_column, "is empty")
    changed_column = next((name for name in CHANGED_COLUMNS if row.get(name)), None)
    changed_at = _time(row[changed_column]) if changed_column else taken_at
    if changed_at is None:
        return BadRow(
            number, changed_column or "", f"{row[changed_column or '']!r} is not a time such as 2026-11-23T09:30:00Z"
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
        return BadRow(number, id_column, in_words(error))


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
