"""How CRM values and names are written into documents.

A map becomes an array of {k, v}: CRM names may hold "." and "$", which mean something else in a field name of MongoDB.
Moments that are compared with each other are integers of microseconds: MongoDB's own dates are cut to milliseconds, and
a cut time would make what is stored differ from what is told again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from domain.values import Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INT64 = 2**63

V = TypeVar("V")


def written_value(value: Value) -> Any:
    """The value as it is stored: text, numbers that BSON has, true, false and null as such, all else as {json}."""
    if value is None or isinstance(value, str | float | bool):
        return value
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return value
    return {"json": json.dumps(value)}


def read_value(stored: Any) -> Value:
    value: Value = json.loads(stored["json"]) if isinstance(stored, dict) else stored
    return value


def pairs(mapping: Mapping[str, V]) -> list[dict[str, Any]]:
    """A map with any keys, as an array."""
    return [{"k": key, "v": value} for key, value in mapping.items()]


def unpaired(stored: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {each["k"]: each["v"] for each in stored}


def microseconds(at: datetime) -> int:
    """Since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def moment(microseconds_since_1970: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds_since_1970)


def without_nulls(document: dict[str, Any]) -> dict[str, Any]:
    """Absent and null mean the same to us; absent is smaller, and lets $min work."""
    return {name: value for name, value in document.items() if value is not None}
