"""How old a signed request may be: what somebody recorded is worth nothing later."""

from __future__ import annotations

from datetime import datetime, timedelta

from web.posted import FORGED, Refused


def check_age(stamped: datetime | None, now: datetime, window: timedelta) -> None:
    """
    Raises:
        Refused: it was signed longer ago than this, as far in the future, or nobody knows when.
    """
    if stamped is None:
        raise Refused(FORGED, "its time stamp is none")
    if abs(now - stamped) > window:
        raise Refused(FORGED, f"signed more than {window.total_seconds():g} s from now: replayed, or a clock is wrong")
