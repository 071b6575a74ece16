"""What a store may look for before a filter judges.

A hint is coarser than its filter: whoever fits the filter fits the hint, and most others do not. So the filter itself
is asked about few records, and its answer is what counts. None says nothing: everybody has to be judged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from domain.filter_values import Literal, folded


@dataclass(frozen=True, slots=True)
class Holds:
    """The field has text with these letters in it, upper or lower case; or with others than ASCII; or is no text."""

    field: str
    letters: str | None  #: ASCII; None: text of nothing but ASCII never fits


@dataclass(frozen=True, slots=True)
class Between:
    """The field has a number from `least` to `most`; or text that may be one; or has several parts."""

    field: str
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Hint, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Hint, ...]


Hint: TypeAlias = "Holds | Between | Both | Either"

_TEXTS = frozenset({"=", "contains", "starts with"})


def hint_of(field: str, how: str, literal: Literal) -> Hint | None:
    """What has to be there for this comparison to hold; None where a store could not tell as exactly."""
    if isinstance(literal, str):
        return _text(field, folded(literal)) if how in _TEXTS else None
    if isinstance(literal, Decimal):
        return _number(field, how, literal)
    assert isinstance(literal, bool | date)  # both are written in many ways
    return None


def both(parts: Sequence[Hint | None]) -> Hint | None:
    known = tuple(part for part in parts if part is not None)
    return (known[0] if len(known) == 1 else Both(known)) if known else None


def either(parts: Sequence[Hint | None]) -> Hint | None:
    known = tuple(part for part in parts if part is not None)
    if len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else Either(known)


def _text(field: str, wanted: str) -> Hint | None:
    """Text of ASCII alone folds to ASCII; what else folds to these letters ("ß" to "ss") is not pure ASCII."""
    if not wanted or "\0" in wanted:  # everything contains nothing; a pattern cannot hold a NUL
        return None
    return Holds(field, wanted if wanted.isascii() else None)


def _number(field: str, how: str, wanted: Decimal) -> Hint:
    """One step wider than the nearest double: what is exact in decimals may lie just beside it."""
    least, most = math.nextafter(float(wanted), -math.inf), math.nextafter(float(wanted), math.inf)
    if how in {"<", "<="}:
        return Between(field, -math.inf, most)
    return Between(field, least, most if how == "=" else math.inf)
