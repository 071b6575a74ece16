"""When a campaign is meant to be sent, as its document says (D7): at a moment, or at a local time of each recipient.

`2026-12-01T09:00:00Z` is a moment, in UTC or with an offset. `2026-12-01T09:00` is nine o'clock wherever each of them
lives; see domain/send_times.py.
"""

from __future__ import annotations

from datetime import UTC, datetime

from domain.errors import InvalidDefinition


def schedule(text: str) -> str:
    """The same time, spelt in one way: a moment in UTC, a local time without a zone; to the second.

    Raises:
        InvalidDefinition: it is no date and time.
    """
    try:
        found = datetime.fromisoformat(text.strip())
        found = found.astimezone(UTC) if found.tzinfo else found
    except (ValueError, OverflowError) as error:
        raise InvalidDefinition(
            f"schedule: {text[:100]!r} is no time; write 2026-12-01T09:00:00Z, or 2026-12-01T09:00 for nine o'clock "
            "where each recipient lives"
        ) from error
    return found.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The same time as a moment; without a zone it is UTC's. Aware, to the second.

    Raises:
        InvalidDefinition: it is no date and time.
    """
    found = datetime.fromisoformat(schedule(text))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def is_local(text: str) -> bool:
    """Whether a schedule is a local time of each recipient."""
    return not text.endswith("Z")
