"""Visits that name nobody, asked for at about the same time, stored by one write."""

from __future__ import annotations

import asyncio
from collections import Counter

from domain.anonymous_visits import AnonymousVisit
from handlers.ports.responses import AnonymousVisits


class Tally:
    """One write is under way at a time; what is counted meanwhile is in the next one."""

    def __init__(self, visits: AnonymousVisits) -> None:
        self._visits = visits
        self._counts = Counter[AnonymousVisit]()
        self._next: asyncio.Task[None] | None = None  #: takes more in
        self._storing: asyncio.Task[None] | None = None

    async def add(self, visit: AnonymousVisit) -> None:
        """Return when it is stored.

        Raises:
            StoreUnavailable: MongoDB did not acknowledge; it may be counted or not.
        """
        self._counts[visit] += 1
        if self._next is None:
            self._next = asyncio.create_task(self._stored(self._storing))
        await asyncio.shield(self._next)

    async def _stored(self, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        counts, self._counts = self._counts, Counter()
        self._storing, self._next = self._next, None
        await self._visits.add(counts)
