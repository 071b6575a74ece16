"""How long a campaign will take at the limits of now: throttles of relays and mailbox providers, warm-up (X5, X8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.pacing import Pacing
from domain.throttle import Limits, Standing
from domain.warm_up import DAY_MS, WarmUp, opened

DAY_S = DAY_MS / 1000


@dataclass(frozen=True, slots=True)
class SendDuration:
    seconds: float | None  #: None: nothing is limited, and the relay decides
    bound_by: str = ""  #: the throttle that takes longest
    per_s: float | None = None  #: its pace
    warm_up_days: int = 0  #: nights that it waits for the warm-up of its sending domain


@dataclass(frozen=True, slots=True)
class Warming:
    """How far the sending domain is."""

    known: WarmUp | None
    domain: str
    caps: Sequence[int] = ()  #: empty: no warm-up


def paces(pacing: Pacing, standings: Iterable[Standing]) -> Mapping[str, float]:
    """Mails per second of each throttle that is limited: by the settings, by hand, or slowed down by servers."""
    limits: dict[str, Limits] = dict(pacing.limits)
    found = {name: each.per_s for name, each in limits.items()}
    for each in standings:
        limit = (each.override or limits.get(each.name, each.limits)).per_s
        found[each.name] = min((pace for pace in (limit, each.rate) if pace is not None), default=None)
    return {name: pace for name, pace in found.items() if pace is not None}


def send_duration(
    people: Mapping[str, int], pace: Mapping[str, float], relays: Collection[str], warming: Warming, now: datetime
) -> SendDuration:
    """How long it takes to send to so many people, by the throttle of their mailbox provider.

    400,000 people at 100 a second take 4,000 s. Of several relays the paces add up; without a limit on one of them,
    only those of mailbox providers count.
    """
    everybody = sum(people.values())
    together = sum(pace[name] for name in relays) if all(name in pace for name in relays) and relays else None
    ways = [(everybody / together, "relays", together)] if together else []
    ways += [(count / pace[name], name, pace[name]) for name, count in people.items() if name in pace]
    seconds, bound_by, per_s = max(ways, default=(None, "", None), key=lambda way: way[0])
    nights, left = _nights(everybody, warming, now)
    if not nights:
        return SendDuration(seconds, bound_by, per_s)
    since_midnight_s = now.astimezone(UTC).timestamp() % DAY_S
    last_day_s = (seconds or 0.0) * left / everybody
    return SendDuration(nights * DAY_S - since_midnight_s + last_day_s, "warm-up", None, nights)


def _nights(people: int, warming: Warming, now: datetime) -> tuple[int, int]:
    """How many midnights pass before everybody can be mailed, and how many people are left for the last day."""
    today = opened(warming.known, warming.domain, int(now.timestamp() // DAY_S))
    left, nights, used, number = people, 0, today.used, today.number
    while number < len(warming.caps) and warming.caps[number] - used < left:
        left -= max(0, warming.caps[number] - used)
        nights, number, used = nights + 1, number + 1, 0
    return nights, left
