"""Files that commands read."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from domain.errors import InvalidDefinition

STDIN = Path("-")


def readable(file: Path) -> Path:
    """
    Raises:
        typer.BadParameter: it is neither `-` nor a file.
    """
    if file != STDIN and not file.is_file():
        raise typer.BadParameter(f"there is no file {file}")
    return file


def read_text(file: Path) -> str:
    """What stands in a file, or on standard input for `-`.

    Raises:
        InvalidDefinition: it is not text in UTF-8.
    """
    raw = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidDefinition(f"{file}: byte {error.start + 1} is not UTF-8; save it as UTF-8") from error
