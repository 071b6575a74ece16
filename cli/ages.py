"""Ages as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def age(text: str) -> timedelta:
    """
    Raises:
        typer.BadParameter: it is not a number with a unit, or longer than there are dates.
    """
    found = _AGE.fullmatch(text.strip())
    try:
        if found is not None:
            return timedelta(seconds=float(found[1]) * _UNITS_S[found[2]])
    except OverflowError:
        pass
    raise typer.BadParameter(f"{text!r} is no age: write 90s, 15m, 2h or 7d")


def ago(text: str) -> datetime:
    """The moment that is so long ago.

    Raises:
        typer.BadParameter: `text` is no age.
    """
    try:
        return datetime.now(UTC) - age(text)
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is before there were dates") from None
