"""Autoresponders go on: people enter, their messages fall due, and reviewed messages begin to be sent (R78)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from domain.series import ENDED, EntryEnd, Series, SeriesStatus
from handlers.ports.clock import Clock
from handlers.ports.operations import Leases
from handlers.ports.series import Entries, SeriesStore
from handlers.series_due import DueSteps
from handlers.series_messages import Children
from handlers.series_newcomers import Newcomers, Reading
from handlers.series_starts import SeriesStarts, Stand
from messages.base import Message

#: Looks after one series; asked again and again. Whether there is more to do at once.
Care: TypeAlias = Callable[[Series], Awaitable[bool]]
#: Trouble of one series is kept from the others (workers/series.py); False where there was some.
SeriesApart: TypeAlias = Callable[[Care, Series], Awaitable[bool]]

#: How old what is known of a series' messages may be: rows that come to one which was paused meanwhile wait there.
_MESSAGES_FOR = timedelta(seconds=5)
#: Who was let in while the series was being stopped is seen within this time.
_STOPPED_LATELY = timedelta(hours=1)


@dataclass(slots=True)
class _Known:
    """What this process knows of a series that it looks after."""

    reading: Reading = field(default_factory=Reading)
    stand: Stand = field(default_factory=Stand)  #: of its messages
    looked_at: datetime | None = None  #: at its messages
    revision: int | None = None  #: of the series whose messages that were taken out have ended


@dataclass(frozen=True, slots=True)
class SeriesKeeper:
    """Any number of processes may tick: each series is looked after by the one that has its lease.

    A round takes at most so much of each series as `Newcomers` and `DueSteps` say, so that a hundred thousand people
    who enter one at once hold up those of another by one round.
    """

    series: SeriesStore
    entries: Entries
    leases: Leases
    starts: SeriesStarts
    newcomers: Newcomers
    due: DueSteps
    children: Children
    now: Clock
    apart: SeriesApart
    owner: str  #: names this process
    lease_s: float = 30
    rounds: int = 10  #: at most, in one tick
    _known: dict[str, _Known] = field(default_factory=dict)  #: by series
    _over: set[str] = field(default_factory=set)  #: series of which nothing is left to be ended

    async def tick(self) -> Sequence[Message]:
        """Nothing to publish: the scheduler cuts what is planned into batches.

        Raises:
            StoreUnavailable: MongoDB is away; the next tick begins anew.
        """
        await self._end_stopped()
        for paused in await self.series.in_status({SeriesStatus.PAUSED}):
            await self.apart(self._kept_paused, paused)
        for _ in range(self.rounds):
            running = await self.series.in_status({SeriesStatus.RUNNING})
            if not [True for one in running if await self.apart(self._cared_for, one)]:
                break
        return []

    async def _cared_for(self, series: Series) -> bool:
        if not await self.leases.take(f"series:{series.id}", self.owner, self.lease_s):
            if lost := self._known.pop(series.id, None):
                await lost.reading.close()
            return False
        now_stored = await self.series.get(series.id)  # it may have been changed since the list was read
        if now_stored is None or now_stored.status is not SeriesStatus.RUNNING:
            return False
        series = now_stored
        known = self._known.setdefault(series.id, _Known())
        if known.revision != series.revision:
            await self.children.end_taken_out(series)
            known.revision = series.revision
        more = await self.newcomers(series, known.reading)
        return await self.due(series, await self._stand(series, known)) or more

    async def _stand(self, series: Series, known: _Known) -> Stand:
        now = self.now()
        if known.looked_at is None or not timedelta(0) <= now - known.looked_at < _MESSAGES_FOR:
            stand = await self.starts(series)
            for key in _decided(stand) - _decided(known.stand):  # it begins, goes on or ended, or this process is new
                await self.entries.wake_waiting(series.id, key, now)
            known.stand, known.looked_at = stand, now
        return known.stand

    async def _end_stopped(self) -> None:
        """Who came in while a series was stopped ends as everybody did, and what a crash left of it ends as well."""
        for one in await self.series.in_status(ENDED):
            if one.id not in self._over:
                await self.apart(self._ended, one)

    async def _ended(self, series: Series) -> bool:
        await self.entries.end_all(series.id, EntryEnd.STOPPED, self.now())
        await self.children.end_taken_out(series)
        settled = await self.children.end_all(series)
        if settled and (series.status_at is None or series.status_at < self.now() - _STOPPED_LATELY):
            self._over.add(series.id)
        return False

    async def _kept_paused(self, series: Series) -> bool:
        """A message that began to send again by itself, as after a breaker's pause, waits for its series."""
        stored = await self.series.get(series.id)
        if stored is not None and stored.status is SeriesStatus.PAUSED:
            await self.children.pause_all(stored)
        return False


def _decided(stand: Stand) -> frozenset[str]:
    """The messages that nobody has to wait for any more."""
    return stand.over | stand.sending.keys()
