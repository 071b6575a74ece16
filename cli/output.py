"""What commands print: results on standard output, everything said on the way on standard error."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """One line on the way, on standard error."""
    err.print(text, markup=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Any of our values as JSON on standard output."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


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
) -> RenderableType:
    """A title over a table whose columns of numbers are right-aligned; `totals` stand below a line."""
    held, sums = [tuple(row) for row in rows], [tuple(row) for row in totals]
    grid = Table(header_style="bold")
    for position, column in enumerate(columns):
        numbers = bool(held) and all(isinstance(row[position], int | float | None) for row in held)
        grid.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for place, row in enumerate([*held, *sums]):
        if sums and place == len(held):
            grid.add_section()
        grid.add_row(*(shown(cell) for cell in row))
    return Group(Text(title, style="bold"), grid) if title else grid


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
    return str(value)
