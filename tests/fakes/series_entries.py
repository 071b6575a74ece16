"""Entries into series in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.series import Entry, EntryEnd, Passed, SeriesCounts, key_and_year


class MemoryEntries:
    def __init__(self, *entries: Entry) -> None:
        self.stored: dict[str, Entry] = {each.id: replace(each, revision=1) for each in entries}

    async def enter(self, entries: Sequence[Entry]) -> int:
        new = {each.id: replace(each, revision=1) for each in entries if each.id not in self.stored}
        self.stored.update(new)
        return len(new)

    async def due(self, series_id: str, now: datetime, limit: int) -> Sequence[Entry]:
        found = [(each.next_at, each.id, each) for each in self._of(series_id) if each.next_at and each.next_at <= now]
        return [each for _, _, each in sorted(found)[:limit]]

    async def save(self, entries: Sequence[Entry]) -> frozenset[str]:
        return frozenset(each.id for each in entries if not self._saved(each))

    async def wake(self, series_id: str, contact_ids: Collection[str], at: datetime) -> int:
        return self._woken([each for each in self._of(series_id) if each.contact_id in contact_ids], at)

    async def wake_all(self, series_id: str, at: datetime) -> int:
        return self._woken(self._of(series_id), at)

    async def wake_waiting(self, series_id: str, key: str, at: datetime) -> int:
        return self._woken([each for each in self._of(series_id) if key in each.waits], at)

    async def latest(self, series_id: str, contact_ids: Collection[str]) -> Mapping[str, Entry]:
        found = [each for each in self._of(series_id) if each.contact_id in contact_ids]
        return {each.contact_id: each for each in sorted(found, key=lambda each: each.number)}

    async def end_all(self, series_id: str, why: EntryEnd, at: datetime) -> int:
        open_ones = [each for each in self._of(series_id) if each.ended is None]
        for each in open_ones:
            self._saved(replace(each, ended=why, ended_at=at, next_at=None, waits=frozenset()))
        return len(open_ones)

    async def reopen(self, series_id: str, at: datetime) -> int:
        over = [each for each in self._of(series_id) if each.ended is EntryEnd.COMPLETED]
        for each in over:
            self._saved(replace(each, ended=None, ended_at=None, next_at=at))
        return len(over)

    async def counts(self, series_id: str) -> SeriesCounts:
        entries = self._of(series_id)
        return SeriesCounts(
            people=len({each.contact_id for each in entries}),
            entries=len(entries),
            under_way=sum(each.ended is None for each in entries),
            ended=dict(Counter(each.ended for each in entries if each.ended is not None)),
            planned=dict(Counter(_keys(turn for each in entries for turn in each.done))),
            passed=_passed(entries),
            waiting=dict(Counter(key for each in entries for key in each.waits)),
        )

    async def of_contact(self, contact_id: str) -> Sequence[Entry]:
        found = [each for each in self.stored.values() if each.contact_id == contact_id]
        return sorted(found, key=lambda each: (each.series_id, each.number))

    def _of(self, series_id: str) -> list[Entry]:
        return [each for each in self.stored.values() if each.series_id == series_id]

    def _saved(self, entry: Entry) -> bool:
        known = self.stored.get(entry.id)
        if (known.revision if known else 0) != entry.revision:
            return False
        self.stored[entry.id] = replace(entry, revision=entry.revision + 1)
        return True

    def _woken(self, entries: Iterable[Entry], at: datetime) -> int:
        under_way = [each for each in entries if each.next_at is not None]
        return sum(self._saved(replace(each, next_at=min(each.next_at or at, at))) for each in under_way)


def _keys(turns: Iterable[str]) -> Iterable[str]:
    return (key_and_year(turn)[0] for turn in turns)


def _passed(entries: Iterable[Entry]) -> Mapping[str, Mapping[Passed, int]]:
    found: defaultdict[str, Counter[Passed]] = defaultdict(Counter)
    for entry in entries:
        for turn, why in entry.passed.items():
            found[key_and_year(turn)[0]][why] += 1
    return {key: dict(each) for key, each in found.items()}
