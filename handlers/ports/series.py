"""Autoresponders, and the people on their way through them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.series import Entry, EntryEnd, Series, SeriesCounts, SeriesStatus


class SeriesStore(Protocol):
    """Autoresponders; their messages are campaigns."""

    async def get(self, series_id: str) -> Series | None: ...

    async def add(self, series: Series) -> None:
        """Store a new one. Raises Conflict when its id is taken."""

    async def save(self, series: Series, *, expected: Collection[SeriesStatus]) -> Series:
        """Store it if the stored one has this revision and one of these statuses. Raises Conflict otherwise."""

    async def in_status(self, statuses: Collection[SeriesStatus]) -> Sequence[Series]:
        """In the order of their ids."""

    async def all(self) -> Sequence[Series]:
        """In the order of their ids."""


class Entries(Protocol):
    """People's ways through series."""

    async def enter(self, entries: Sequence[Entry]) -> int:
        """Store those whose id is not taken; how many. The others stay as they are."""

    async def due(self, series_id: str, now: datetime, limit: int) -> Sequence[Entry]:
        """Those at which somebody has to look by now, the longest due first."""

    async def save(self, entries: Sequence[Entry]) -> frozenset[str]:
        """Store each, one revision on, unless its stored revision is another; the ids of those that were not."""

    async def wake(self, series_id: str, contact_ids: Collection[str], at: datetime) -> int:
        """Look at what is under way of these people at that time, if not before; how many entries.

        It counts as a write: a look that began before is not stored.
        """

    async def wake_all(self, series_id: str, at: datetime) -> int:
        """The same for everybody who is under way, for after the series was changed."""

    async def wake_waiting(self, series_id: str, key: str, at: datetime) -> int:
        """The same for everybody who waits for the campaign of this message to send."""

    async def latest(self, series_id: str, contact_ids: Collection[str]) -> Mapping[str, Entry]:
        """The last entry of each of these people, by contact id; without those who never entered."""

    async def end_all(self, series_id: str, why: EntryEnd, at: datetime) -> int:
        """End whatever is under way; how many entries."""

    async def reopen(self, series_id: str, at: datetime) -> int:
        """Look at that time whether there is something more for those who had come to the end; how many entries.

        For after messages were added to a series that runs.
        """

    async def counts(self, series_id: str) -> SeriesCounts: ...

    async def of_contact(self, contact_id: str) -> Sequence[Entry]:
        """Every entry of one person, by series and number."""
