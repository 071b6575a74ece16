"""Reads fields that may be missing or of another type than documented: then there is nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from messages.delivery_event import Evidence

Fields: TypeAlias = Mapping[str, Any]

_CODE = re.compile(r"(?:smtp;\s*)?([245]\d\d)[ \-]", re.IGNORECASE)
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_MAX_TEXT = 8192
#: In the order of preference; a header's name may keep no underscore on its way, a variable's no hyphen.
_MARKS, _CAMPAIGNS = ("email-id", "email_id"), ("campaign-id", "campaign_id")


def fields(value: object) -> Fields:
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[Fields]:
    """The objects of a list; whatever else is in it is left out."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """A text without NUL and half characters, which MongoDB and UTF-8 refuse; None where there is none."""
    if not isinstance(value, str) or not value:
        return None
    return value.replace("\0", "").encode("utf-8", "replace").decode() or None


def number(value: object) -> float | None:
    """A number, also one that is written as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def moment(value: object) -> datetime | None:
    """A time of ISO 8601, or in seconds since 1970; in UTC where it says no zone."""
    try:
        if isinstance(value, str) and "-" in value:
            found = datetime.fromisoformat(value.strip())
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        seconds = number(value)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def mark_in(metadata: Fields) -> str | None:
    return next((found for name in _MARKS if (found := text(metadata.get(name)))), None)


def campaign_in(metadata: Fields) -> str | None:
    return next((found for name in _CAMPAIGNS if (found := text(metadata.get(name)))), None)


def evidence(
    source: str, said: str | None, *, code: object = None, enhanced: object = None, permanent: bool | None = None
) -> Evidence:
    """What a report rests on; codes that are no codes of SMTP are left out, those in the words are found there."""
    words = said[:_MAX_TEXT] if said else None
    return Evidence(
        code=_code(code) or _code_in(words),
        enhanced=_enhanced(enhanced) or _enhanced(words),
        text=words,
        source=f"webhook:{source}",
        permanent=permanent,
    )


def _code(value: object) -> int | None:
    found = number(value)
    return int(found) if found is not None and 200 <= found <= 599 else None


def _code_in(words: str | None) -> int | None:
    found = _CODE.match(words) if words else None
    return int(found[1]) if found else None


def _enhanced(value: object) -> str | None:
    found = _ENHANCED.search(value[:200]) if isinstance(value, str) else None
    return found[0] if found else None
