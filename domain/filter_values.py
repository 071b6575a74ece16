"""How a CRM value compares with what a filter says.

What is written in the filter decides: a number is compared with what is a number (text such as "12" too: a file has
nothing else), a date with the day, a text with the text, without regard to upper and lower case. A value of another
kind is neither equal nor less nor more. Texts are compared as Unicode reads them, however their accents are encoded. A
number is text as it is shown: 12.0 is "12". Of a value with several parts (a multi-select) one has to fit; a lookup is
compared by its name.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias
from unicodedata import normalize

from domain.values import Value, is_empty

_WHOLE = re.compile(r"(-?\d+)\.0+")
Literal: TypeAlias = "str | Decimal | bool | date"  #: a datetime is a date too

ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "contains": operator.contains,
    "starts with": str.startswith,
}


def fits(value: Value, how: str, literal: Literal) -> bool:
    """Whether one part of the value stands in this relation to what the filter says."""
    compare = ORDER[how]
    return any(compare(*pair) for part in _parts(value) if (pair := _alike(part, literal)) is not None)


def nothing(value: Value) -> bool:
    """Whether the value is empty, as the CRM shows it; an empty list is."""
    if isinstance(value, Mapping) and "name" in value:
        return nothing(value["name"])
    return is_empty(value) or (not isinstance(value, str | int | float) and not value)


def _parts(value: Value) -> Iterator[Value]:
    if isinstance(value, Mapping):
        yield from _parts(value.get("name"))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from _parts(part)
    elif not is_empty(value):
        yield value


def _alike(value: Value, literal: Literal) -> tuple[Any, Any] | None:
    """Both as things of one kind, or None."""
    if isinstance(literal, str):
        return folded(_text(value)), folded(_text_like(value, literal))
    found = _read(value, literal)
    return None if found is None else (found, literal)


def _read(value: Value, literal: Literal) -> Literal | None:
    if isinstance(literal, bool):
        return _truth(value)
    if isinstance(literal, Decimal):
        return _number(value)
    return _moment(value) if isinstance(literal, datetime) else _day(value)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def _text_like(value: Value, literal: str) -> str:
    """Beside a number "12.0" is "12" too."""
    whole = _WHOLE.fullmatch(literal) if isinstance(value, int | float) else None
    return whole[1] if whole else literal


def folded(text: str) -> str:
    """Text as it is compared."""
    return normalize("NFC", text).casefold()


def _truth(value: Value) -> bool | None:
    return {"true": True, "false": False}.get(_text(value).lower())


def _number(value: Value) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _moment(value: Value) -> datetime | None:
    """A day alone is its beginning; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _day(value: Value) -> date | None:
    """The day as it is written, in whatever zone."""
    try:
        return datetime.fromisoformat(str(value).strip()).date()
    except ValueError:
        return None
