"""Warm-up: how many mails a new sending domain sends on each of its first days (deliverability.md, 7).

Days are counted from 1970 in UTC, on the store's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

DAY_MS = 86_400_000
IDLE_DAYS = 30  #: a domain that sent nothing for so long begins anew (SendGrid's practice)
#: Mails on the first, second, … day on which the domain sends; after the last one it is warm.
CAPS = (50, 100, 250, 500, 1_000, 2_500, 5_000, 7_500, 10_000, 15_000, 20_000)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How far a domain has come."""

    domain: str
    day: int  #: the last one on which it sent
    number: int = 0  #: of the days on which it sent, that one's; the first is 0
    used: int = 0  #: mails permitted on that day

    def cap(self, caps: Sequence[int]) -> int | None:
        """Mails of that day; None when the domain is warm."""
        return caps[self.number] if self.number < len(caps) else None


@dataclass(frozen=True, slots=True)
class DayGrant:
    permits: int
    wait_s: float = 0  #: until the next day, when there are fewer than were wanted


def opened(known: WarmUp | None, domain: str, today: int) -> WarmUp:
    """The domain's warm-up as it stands today: the next day of the curve, or the first after a long silence."""
    if known is None or today - known.day >= IDLE_DAYS:
        return WarmUp(domain, today)
    if today <= known.day:
        return known
    return WarmUp(domain, today, known.number + 1 if known.used else known.number)


def day_over_s(known: WarmUp, caps: Sequence[int], now_ms: float) -> float:
    """Seconds until the domain may send again when it has used up its day; 0 while it may."""
    today = opened(known, known.domain, int(now_ms // DAY_MS))
    cap = today.cap(caps)
    used_up = cap is not None and today.used >= cap
    return ((today.day + 1) * DAY_MS - now_ms) / 1000 if used_up else 0.0


def given_back(known: WarmUp, count: int, now_ms: float) -> WarmUp:
    """The domain's warm-up without so many mails that were permitted today and did not go."""
    return replace(known, used=max(0, known.used - count)) if known.day == int(now_ms // DAY_MS) else known


def permitted(
    known: WarmUp | None, domain: str, wanted: int, caps: Sequence[int], now_ms: float
) -> tuple[WarmUp, DayGrant]:
    """How many of the wanted mails the domain may send today, and its warm-up afterwards."""
    today = opened(known, domain, int(now_ms // DAY_MS))
    cap = today.cap(caps)
    permits = wanted if cap is None else max(0, min(wanted, cap - today.used))
    wait_s = 0 if permits == wanted else ((today.day + 1) * DAY_MS - now_ms) / 1000
    return WarmUp(domain, today.day, today.number, today.used + permits), DayGrant(permits, wait_s)
