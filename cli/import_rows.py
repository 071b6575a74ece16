"""What a row of a file becomes: a record-changed event, a person, or a reason why it is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from pydantic import ValidationError

from cli.import_columns import Columns
from domain.contact import Address, address, contact_id
from domain.imports import Person, RowReason
from domain.module import OPT_OUT_FIELD
from domain.projection import is_opt_out
from domain.record import Operation
from domain.typos import suggested_address
from messages.envelope import AHEAD, in_words
from messages.record_changed import RecordChanged

MOST_CHARACTERS = 65_536  #: of one cell
MOST_ROW_CHARACTERS = 250_000  #: of one row: at most four bytes each, so that its message stays below 1 MiB

#: Below a blank and delete, without tab and line ends: nothing that a person typed.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ROUNDED = re.compile(r"\d+(?:[.,]\d+)?[eE]\+\d+")
_ZOHO_ID = "zcrm_"  #: what Zoho puts before the ids of an export, and before no id of an event


@dataclass(frozen=True, slots=True)
class BadRow:
    row: int  #: as a spreadsheet counts: the header is row 1
    column: str
    reason: str  #: for people
    kind: RowReason


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read."""

    number: int
    cells: Mapping[str, str]  #: by column
    cleaned: bool = False  #: control characters were taken out


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An address with a domain that was probably meant otherwise. Nothing is corrected."""

    row: int
    address: str
    suggested: str


Made: TypeAlias = "RecordChanged | Person | BadRow"
Maker: TypeAlias = Callable[[Row], "RecordChanged | Person | BadRow"]


def read(number: int, cells: Sequence[str], names: Sequence[str]) -> Row | BadRow:
    """The row with one cell for each column, without control characters."""
    bad = _misshapen(number, cells, names) or _too_long(number, cells, names)
    if bad:
        return bad
    clean = [_CONTROL.sub("", cell) for cell in cells]
    return Row(number, dict(zip(names, clean, strict=True)), clean != list(cells))


def records(columns: Columns, module: str, taken_at: datetime, address_key: bytes) -> Maker:
    """Rows as whole records. Where no column has ids they are made of the addresses: equal for equal people."""

    def made(row: Row) -> Made:
        record_id = _record_id(row, columns, address_key)
        if isinstance(record_id, BadRow):
            return record_id
        changed_at = _changed_at(row, columns, taken_at)
        if isinstance(changed_at, BadRow):
            return changed_at
        try:
            return RecordChanged(
                module=module,
                record_id=record_id,
                operation=Operation.UPDATE,
                fields=_fields(row, columns),
                complete=True,
                changed_at=changed_at,
            )
        except ValidationError as error:
            return BadRow(row.number, columns.record_id or "", in_words(error), RowReason.REFUSED)

    return made


def _fields(row: Row, columns: Columns) -> Mapping[str, str]:
    """The fields of a record; an opt-out only where it is one: an import takes none back (D4)."""
    told = {field: row.cells[name] for name, field in columns.of_fields().items()}
    return {field: cell for field, cell in told.items() if field != OPT_OUT_FIELD or is_opt_out(cell)}


def people(columns: Columns) -> Maker:
    """Rows as people who can be written to."""

    def made(row: Row) -> Made:
        found = _address(row, columns)
        if isinstance(found, BadRow):
            return found
        values = {ours: row.cells[name].strip() for name, ours in columns.of_fields().items()}
        return Person(found, values)

    return made


def suggestion(row: Row, columns: Columns) -> Suggestion | None:
    """What the address of a row was probably meant to be."""
    found = address(row.cells[columns.email]) if columns.email else None
    meant = suggested_address(found.sendable) if found else None
    return Suggestion(row.number, found.sendable, meant) if found and meant else None


def notes_on(row: Row, columns: Columns) -> list[str]:
    """What is to be said of a row, taken or not."""
    notes = ["cleaned"] if row.cleaned else []
    if columns.email and address(row.cells[columns.email]) is None:
        return [*notes, "without_address"]
    return [*notes, "suggestions"] if suggestion(row, columns) else notes


def _misshapen(number: int, cells: Sequence[str], names: Sequence[str]) -> BadRow | None:
    """What is wrong with a row that has not one cell for each column."""
    if len(cells) > len(names):
        more = f"{len(cells) - len(names)} more cells than the header has columns"
        return BadRow(number, "(after the last)", more, RowReason.WRONG_SHAPE)
    if len(cells) < len(names):
        return BadRow(number, names[len(cells)], "the row ends before this column", RowReason.WRONG_SHAPE)
    return None


def _too_long(number: int, cells: Sequence[str], names: Sequence[str]) -> BadRow | None:
    lengths = [len(cell) for cell in cells]
    longest = max(lengths)
    if longest > MOST_CHARACTERS:
        said = f"{longest:,} characters, at most {MOST_CHARACTERS:,} are taken"
        return BadRow(number, names[lengths.index(longest)], said, RowReason.TOO_LONG)
    if sum(lengths) > MOST_ROW_CHARACTERS:
        said = f"{sum(lengths):,} characters, at most {MOST_ROW_CHARACTERS:,} are taken"
        return BadRow(number, "(the whole row)", said, RowReason.TOO_LONG)
    return None


def _record_id(row: Row, columns: Columns, address_key: bytes) -> str | BadRow:
    if columns.record_id is None:
        found = _address(row, columns)
        return found if isinstance(found, BadRow) else f"import-{contact_id(found.identity, address_key)}"
    text = row.cells[columns.record_id].strip().removeprefix(_ZOHO_ID)
    if not text:
        return BadRow(row.number, columns.record_id, "is empty", RowReason.NO_ID)
    if _ROUNDED.fullmatch(text):
        said = f"{text!r} was rounded by a spreadsheet; export the file again and keep this column as text"
        return BadRow(row.number, columns.record_id, said, RowReason.ROUNDED_ID)
    return text


def _address(row: Row, columns: Columns) -> Address | BadRow:
    column = columns.email or ""
    text = row.cells[column]
    if not text.strip():
        return BadRow(row.number, column, "is empty", RowReason.NO_EMAIL)
    found = address(text)
    if found is None:
        return BadRow(row.number, column, f"{text[:100]!r} is not an email address", RowReason.INVALID_EMAIL)
    return found


def _changed_at(row: Row, columns: Columns, taken_at: datetime) -> datetime | BadRow:
    text = row.cells[columns.changed_at].strip() if columns.changed_at else ""
    if not text:
        return taken_at
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        said = f"{text[:100]!r} is not a time such as 2026-11-23T09:30:00Z"
        return BadRow(row.number, columns.changed_at or "", said, RowReason.WRONG_TIME)
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    if aware - taken_at > AHEAD:
        said = f"{text!r} lies more than a day in the future"
        return BadRow(row.number, columns.changed_at or "", said, RowReason.WRONG_TIME)
    return aware
