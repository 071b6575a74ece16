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


class _Recent:
    def __init__(self, within_s: float, monotonic_s: Callable[[], float]) -> None:
        self._within_s = within_s
        self._monotonic_s = monotonic_s
        self._seen: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()

    def note(self, key: str, what: str) -> int:
        """How many different things were noted under the key within the time, with this one."""
        now_s = self._monotonic_s()
        seen = self._seen.pop(key, None) or deque(maxlen=_MOST_EACH)
        while seen and seen[0][0] < now_s - self._within_s:
            seen.popleft()
        seen.append((now_s, what))
        self._seen[key] = seen
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)
        return len({each for _, each in seen})
