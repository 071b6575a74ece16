"""How many events one token may publish: so many a second, and those of some seconds at once."""

from __future__ import annotations

from collections.abc import Callable


class Allowance:
    """A bucket for each token. In this process only: with several processes each counts what it sees."""

    def __init__(self, per_s: float, at_once: int, monotonic_s: Callable[[], float]) -> None:
        self._per_s = per_s
        self._at_once = float(at_once)
        self._monotonic_s = monotonic_s
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, token_id: str, count: int) -> float:
        """Seconds until so many events may come; 0: they may now, and are counted."""
        now_s = self._monotonic_s()
        left, at_s = self._buckets.get(token_id, (self._at_once, now_s))
        left = min(self._at_once, left + (now_s - at_s) * self._per_s)
        missing = count - left
        self._buckets[token_id] = (left if missing > 0 else left - count, now_s)
        return max(0.0, missing / self._per_s)
