"""Delays, hours and days of the week as people write them in the document of a series, and back."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import time

from domain.errors import InvalidDefinition
from domain.series import Delay, DelayUnit

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT = "24:00"  #: the end of a day; its beginning is 00:00

_DELAY = re.compile(r"(\d{1,7}) *([a-z]+)")
_HOUR = re.compile(r"(\d{1,2}):(\d{2})")


def delay(text: str) -> Delay:
    """
    Raises:
        InvalidDefinition: it is none; says how one is written.
    """
    found = _DELAY.fullmatch(text.strip().lower())
    unit = found.group(2).removesuffix("s") + "s" if found else ""
    if found is None or unit not in set(DelayUnit):
        raise InvalidDefinition(f"{text!r} is no delay; write one such as 30 minutes, 2 days or 1 month")
    return Delay(int(found.group(1)), DelayUnit(unit))


def delay_text(found: Delay) -> str:
    """`2 days`, `1 month`."""
    return f"{found.amount} {found.unit.removesuffix('s') if found.amount == 1 else found.unit}"


def hour(text: str) -> time:
    """A time of the day; 24:00 is midnight, as 00:00.

    Raises:
        InvalidDefinition: it is none.
    """
    found = _HOUR.fullmatch(text.strip())
    if text.strip() == MIDNIGHT:
        return time(0)
    try:
        return time(int(found.group(1)), int(found.group(2))) if found else _no_hour(text)
    except ValueError:
        return _no_hour(text)


def hour_text(found: time) -> str:
    return f"{found:%H:%M}"


def weekday(text: str) -> str:
    """One of `WEEKDAYS`, also of its whole name.

    Raises:
        InvalidDefinition: it is no day of the week.
    """
    said = text.strip().lower()
    if said in _NAMES:
        return said[:3]
    if said not in WEEKDAYS:
        raise InvalidDefinition(f"{text!r} is no day of the week; there are {', '.join(WEEKDAYS)}")
    return said


def weekdays(texts: Collection[str]) -> frozenset[int]:
    """Their numbers; 0 is Monday."""
    return frozenset(WEEKDAYS.index(weekday(text)) for text in texts)


def weekday_texts(days: Collection[int]) -> Sequence[str]:
    """From Monday on."""
    return [WEEKDAYS[day] for day in sorted(days)]


def _no_hour(text: str) -> time:
    raise InvalidDefinition(f"{text!r} is no time of the day; write one such as 09:00")
