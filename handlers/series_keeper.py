"""Autoresponders go on: people enter, their messages fall due, and reviewed messages begin to be sent (R78)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from domain.campaign import Campaign
from domain.series import EntryEnd, Series, SeriesStatus
from handlers.ports import Clock, Entries, Leases, SeriesStore
from handlers.series_due import DueSteps
from handlers.series_newcomers import Newcomers, Reading
from handlers.series_starts import SeriesStarts
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
    sending: Mapping[str, Campaign] = field(default_factory=dict)  #: its messages, by key
    looked_at: datetime | None = None  #: at its messages


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
    now: Clock
    apart: SeriesApart
    owner: str  #: names this process
    lease_s: float = 30
    rounds: int = 10  #: at most, in one tick
    _known: dict[str, _Known] = field(default_factory=dict)  #: by series

    async def tick(self) -> Sequence[Message]:
        """Nothing to publish: the scheduler cuts what is planned into batches.

        Raises:
            StoreUnavailable: MongoDB is away; the next tick begins anew.
        """
        await self._end_stopped()
        for _ in range(self.rounds):
            running = await self.series.in_status({SeriesStatus.RUNNING})
            if not [True for one in running if await self.apart(self._cared_for, one)]:
                break
        return []

    async def _cared_for(self, series: Series) -> bool:
        if not await self.leases.take(f"series:{series.id}", self.owner, self.lease_s):
            self._known.pop(series.id, None)
            return False
        known = self._known.setdefault(series.id, _Known())
        more = await self.newcomers(series, known.reading)
        return await self.due(series, await self._sending(series, known)) or more

    async def _sending(self, series: Series, known: _Known) -> Mapping[str, Campaign]:
        now = self.now()
        if known.looked_at is None or not timedelta(0) <= now - known.looked_at < _MESSAGES_FOR:
            sending = await self.starts(series)
            for key in sending.keys() - known.sending.keys():  # it begins, or goes on, or this process is new
                await self.entries.wake_waiting(series.id, key, now)
            known.sending, known.looked_at = sending, now
        return known.sending

    async def _end_stopped(self) -> None:
        """Who came in while a series was stopped ends as everybody did."""
        since = self.now() - _STOPPED_LATELY
        for one in await self.series.in_status({SeriesStatus.STOPPED}):
            if one.status_at is not None and one.status_at >= since:
                await self.entries.end_all(one.id, EntryEnd.STOPPED, self.now())
