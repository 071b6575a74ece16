"""What commands print: results on standard output, everything said on the way on standard error."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from unicodedata import category

import typer
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from domain.contact import address

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values instead of text.")]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

#: A line below the header and between sections, and nothing else.
LINES = box.Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")
#: What a cell begins with that a spreadsheet reckons instead of showing (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
NARROW = 100  #: below this width tables leave out what can be spared


def say(text: str) -> None:
    """One line on the way, on standard error."""
    err.print(text, markup=False, soft_wrap=True)


def tell(text: str) -> None:
    """One line of the result, on standard output; never broken, so that commands in it can be copied."""
    out.print(text, markup=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Any of our values as JSON on standard output."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A header and lines of comma-separated values (RFC 4180) on standard output; times are written as in JSON."""
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    writer.writerows(map(csv_cells, rows))


def csv_cells(row: Iterable[object]) -> list[Any]:
    """A line of CSV without harm: what a spreadsheet would take for a formula begins with an apostrophe."""
    return [_inert(plain(cell)) for cell in row]


def _inert(cell: Any) -> Any:
    # Addresses stay as they are: with an apostrophe it would be another one, and is no formula anyway.
    is_formula = isinstance(cell, str) and cell.startswith(_FORMULA) and address(cell) is None
    return f"'{cell}" if is_formula else cell


def plain(value: object) -> Any:
    """Dataclasses, enums, sets and times as JSON knows them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return _text(value)


def _text(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, bytes | Path) else value


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    totals: Iterable[Sequence[object]] = (),
    *,
    spare: Collection[str] = (),
) -> RenderableType:
    """A title over a table whose columns of numbers are right-aligned; `totals` stand below a line.

    Columns in `spare` are left out on a narrow terminal.
    """
    kept = [place for place, column in enumerate(columns) if out.width >= NARROW or column not in spare]
    held, sums = ([[row[place] for place in kept] for row in part] for part in (rows, totals))
    grid = Table(box=LINES, show_edge=False, pad_edge=False, collapse_padding=True, header_style="bold")
    for position, place in enumerate(kept):
        numbers = bool(held) and all(isinstance(row[position], int | float | None) for row in held)
        grid.add_column(columns[place], justify="right" if numbers else "left", overflow="fold", no_wrap=numbers)
    for place, row in enumerate([*held, *sums]):
        if sums and place == len(held):
            grid.add_section()
        grid.add_row(*(Text(shown(cell)) for cell in row))
    return Group(Text(title, style="bold"), grid, Text()) if title else grid


def shown(value: object) -> str:
    """A cell: numbers with separators, times to the second, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return harmless(str(value))


def harmless(text: str) -> str:
    """What others wrote, without the control characters by which it could command a terminal."""
    if text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if category(each) == "Cc" and each not in "\n\t" else each for each in text
    )


def counted(number: int, one: str, many: str = "") -> str:
    """`1 record`, `1,200 records`; `many` is said where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
