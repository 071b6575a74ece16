"""Clicks of the last seconds, as this process saw them: what tells scanners from people."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

from domain.machine_readers import LINKS_S, PEOPLE_S

_MOST = 10_000  #: mails, and addresses, that are remembered
_MOST_EACH = 50  #: clicks of each


class RecentClicks:
    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._links = _Recent(LINKS_S, monotonic_s)
        self._people = _Recent(PEOPLE_S, monotonic_s)

    def note(self, email_id: str, link: int, client: str | None) -> tuple[int, int]:
        """Count this click: different links of the mail, and people whose links this address asked for, just now.

        Without an address that is one reader's own it is one person.
        """
        return self._links.note(email_id, str(link)), 1 if client is None else self._people.note(client, email_id)


class _Seen:
    """What was noted under one key, oldest first."""

    __slots__ = ("counts", "noted")

    def __init__(self) -> None:
        self.noted: deque[tuple[float, str]] = deque()
        self.counts: dict[str, int] = {}

    def add(self, at_s: float, what: str) -> None:
        self.noted.append((at_s, what))
        self.counts[what] = self.counts.get(what, 0) + 1

    def forget_until(self, at_s: float) -> None:
        """What was noted before, and the oldest where there is no more room."""
        noted = self.noted
        while noted and (noted[0][0] < at_s or len(noted) >= _MOST_EACH):
            self._forget(noted.popleft()[1])

    def _forget(self, what: str) -> None:
        left = self.counts[what] - 1
        if left:
            self.counts[what] = left
        else:
            del self.counts[what]


class _Recent:
    def __init__(self, within_s: float, monotonic_s: Callable[[], float]) -> None:
        self._within_s = within_s
        self._monotonic_s = monotonic_s
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    def note(self, key: str, what: str) -> int:
        """How many different things were noted under the key within the time, with this one."""
        now_s = self._monotonic_s()
        seen = self._of(key)
        seen.forget_until(now_s - self._within_s)
        seen.add(now_s, what)
        return len(seen.counts)

    def _of(self, key: str) -> _Seen:
        seen = self._seen.get(key)
        if seen is not None:
            self._seen.move_to_end(key)
            return seen
        seen = self._seen[key] = _Seen()
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return seen
