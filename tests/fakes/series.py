"""Series in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from domain.errors import Conflict
from domain.series import Series, SeriesStatus


class MemorySeries:
    def __init__(self, *series: Series) -> None:
        self.stored: dict[str, Series] = {each.id: replace(each, revision=1) for each in series}

    async def get(self, series_id: str) -> Series | None:
        return self.stored.get(series_id)

    async def add(self, series: Series) -> None:
        if series.id in self.stored:
            raise Conflict(f"series {series.id} exists already")
        self.stored[series.id] = replace(series, revision=1)

    async def save(self, series: Series, *, expected: Collection[SeriesStatus]) -> Series:
        known = self.stored.get(series.id)
        if known is None or known.revision != series.revision or known.status not in expected:
            raise Conflict(f"series {series.id} was changed by somebody else")
        self.stored[series.id] = replace(series, revision=series.revision + 1)
        return self.stored[series.id]

    async def in_status(self, statuses: Collection[SeriesStatus]) -> Sequence[Series]:
        return [each for each in await self.all() if each.status in statuses]

    async def all(self) -> Sequence[Series]:
        return [self.stored[key] for key in sorted(self.stored)]
