"""How often one client may ask: so many requests a second, and some more at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

_MOST = 20_000  #: clients that are remembered; the one that has been silent longest is forgotten first


class Flood:
    """A bucket for each client. In this process only: with several processes each counts what it sees."""

    def __init__(self, per_s: float, burst: int, monotonic_s: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._monotonic_s = monotonic_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admits(self, client: str) -> bool:
        """Whether one more request of this client is within its limit; it counts if so."""
        now_s = self._monotonic_s()
        left = self._left(client, now_s)
        self._buckets.pop(client, None)
        is_admitted = left >= 1
        self._buckets[client] = (left - 1 if is_admitted else left, now_s)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        return is_admitted

    def has_room(self, client: str) -> bool:
        """Whether one more would be admitted; it is not counted."""
        return self._left(client, self._monotonic_s()) >= 1

    def _left(self, client: str, now_s: float) -> float:
        left, at_s = self._buckets.get(client, (self._burst, now_s))
        return min(self._burst, left + (now_s - at_s) * self._per_s)
