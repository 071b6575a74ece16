"""How many connections each worker may have to a relay, so that all together never have more than its limit (X5).

A worker asks about once a second. What it was allowed is kept for it until it asks for less, has closed what is too
many, or was silent for `LIVE_S`: so another one is never given what the first may still have open.

Times are milliseconds on the store's clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.throttle import Limits

LIVE_S = 5.0  #: a worker that is silent for so long has no connections any more
TURN_S = 10.0  #: where workers are more than connections, they take turns of this length


@dataclass(frozen=True, slots=True)
class ConnectionAsk:
    """What one worker wants."""

    name: str  #: "relay:<name>"
    worker: str
    wanted: int  #: connections
    open: int  #: connections that it has now
    limits: Limits = field(default=Limits())  #: as configured; an override that is stored stands above it


@dataclass(frozen=True, slots=True)
class Holder:
    """A worker that has connections, or waits for some."""

    worker: str
    at_ms: float  #: when it asked
    wanted: int
    kept: int  #: as many may be open


def shared(
    holders: Sequence[Holder], ask: ConnectionAsk, limit: int | None, now_ms: float
) -> tuple[tuple[Holder, ...], int | None]:
    """The holders afterwards, and how many this worker may have open from now on; None: as many as it likes."""
    others = tuple(each for each in holders if each.worker != ask.worker and each.at_ms > now_ms - 1000 * LIVE_S)
    if limit is None:
        return others, None
    wanted = {each.worker: each.wanted for each in others} | {ask.worker: ask.wanted}
    left = max(0, limit - sum(each.kept for each in others))
    allowed = min(_shares(limit, wanted, int(now_ms / 1000 / TURN_S))[ask.worker], left)
    me = Holder(ask.worker, now_ms, ask.wanted, max(allowed, ask.open))
    return (*others, me) if me.wanted or me.kept else others, allowed


def _shares(limit: int, wanted: Mapping[str, int], turn: int) -> Mapping[str, int]:
    """One each, and again, until all have what they want or nothing is left."""
    order = sorted(worker for worker, count in wanted.items() if count)
    if limit < len(order):
        first = turn * limit % len(order)
        order = [*order[first:], *order[:first]]
    found = dict.fromkeys(wanted, 0)
    while limit and (lacking := [worker for worker in order if found[worker] < wanted[worker]]):
        for worker in lacking[:limit]:
            found[worker] += 1
        limit -= min(limit, len(lacking))
    return found
