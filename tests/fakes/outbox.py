"""The outbox of the feed in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.errors import Conflict
from domain.feed import Entry, Lag

_PERSONAL = {"address", "record", "records", "because"}


class MemoryOutbox:
    def __init__(self) -> None:
        self.stored: dict[str, Entry] = {}
        self.told_at: dict[str, datetime] = {}
        self.waiting: set[str] = set()
        self.forgotten: dict[str, int] = {}  #: the last number that was removed, by stream

    async def known(self, ids: Collection[str]) -> Mapping[str, Entry]:
        return {id_: self.stored[id_] for id_ in ids if id_ in self.stored}

    async def heads(self, streams: Collection[str]) -> Mapping[str, int]:
        return {stream: self._head(stream) for stream in streams}

    async def latest(self) -> Mapping[str, int]:
        streams = {entry.stream for entry in self.stored.values()}
        return {stream: self._head(stream) for stream in sorted(streams)}

    async def append(self, entries: Sequence[Entry], at: datetime) -> None:
        for entry in entries:
            taken = {(each.stream, each.number) for each in self.stored.values()}
            if entry.id in self.stored or (entry.stream, entry.number) in taken:
                raise Conflict("another relay writes the feed")
            self.stored[entry.id], self.told_at[entry.id] = entry, at
            self.waiting.add(entry.id)

    async def unpublished(self, limit: int) -> Sequence[Entry]:
        found = [self.stored[id_] for id_ in self.waiting]
        return sorted(found, key=lambda entry: (entry.stream, entry.number))[:limit]

    async def lag(self) -> Lag:
        return Lag(len(self.waiting), min([self.told_at[id_] for id_ in self.waiting], default=None))

    async def published(self, stream: str, through: int) -> None:
        self.waiting -= {entry.id for entry in self.of(stream) if entry.number <= through}

    async def within(self, stream: str, first: int, last: int | None, limit: int) -> Sequence[Entry]:
        found = [entry for entry in self.of(stream) if entry.id not in self.waiting and entry.number >= first]
        return [entry for entry in found if last is None or entry.number <= last][:limit]

    async def forget(self, before: datetime) -> int:
        old = [
            id_ for id_, at in self.told_at.items() if at < before and id_ in self.stored and id_ not in self.waiting
        ]
        for id_ in old:
            entry = self.stored.pop(id_)
            self.forgotten[entry.stream] = max(self.forgotten.get(entry.stream, 0), entry.number)
        return len(old)

    async def anonymise(self, contact_ids: Collection[str]) -> int:
        theirs = [entry for entry in self.stored.values() if entry.contact_id in contact_ids]
        for entry in theirs:
            data = {
                name: value
                for name, value in entry.data.items()
                if name not in {"address", "record", "records", "because"}
            }
            self.stored[entry.id] = replace(entry, data=data)
        return len(theirs)

    def of(self, stream: str) -> list[Entry]:
        """By number."""
        found = [entry for entry in self.stored.values() if entry.stream == stream]
        return sorted(found, key=lambda entry: entry.number)

    def _head(self, stream: str) -> int:
        return max([entry.number for entry in self.of(stream)], default=self.forgotten.get(stream, 0))
