"""CRM records in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.filter_hints import Hint
from domain.record import READ_ONLY, Record
from domain.slices import KeyRange


class MemoryRecords:
    def __init__(self, *records: Record) -> None:
        self.stored: dict[str, Record] = {record.ref: replace(record, revision=1) for record in records}

    async def load(self, refs: Collection[str]) -> Mapping[str, Record]:
        return {ref: self.stored[ref] for ref in refs if ref in self.stored}

    async def save(self, records: Sequence[Record]) -> frozenset[str]:
        return frozenset(record.ref for record in records if not self._stored(record))

    async def mark_projected(self, records: Sequence[Record]) -> frozenset[str]:
        return frozenset(record.ref for record in records if not self._marked(record))

    async def keys(self, module: str) -> AsyncIterator[str]:
        for ref in sorted(self.stored):
            if self.stored[ref].module == module:
                yield ref

    async def within(self, keys: KeyRange) -> Sequence[Record]:
        module = keys.through.partition(":")[0]
        refs = [ref for ref in sorted(self.stored) if keys.after < ref <= keys.through]
        return [self.stored[ref] for ref in refs if self.stored[ref].module == module]

    async def sifted(self, keys: KeyRange, hint: Hint) -> Sequence[Record]:
        return await self.within(keys)

    async def marks_within(self, keys: KeyRange) -> Sequence[Record]:
        return [replace(record, fields={}, changed_at=None, revision=READ_ONLY) for record in await self.within(keys)]

    async def count(self, module: str, as_of: datetime | None = None) -> int:
        return sum(record.module == module and _there(record, as_of) for record in self.stored.values())

    async def about(self, contact_id: str, identity: str) -> Sequence[Record]:
        return [each for each in self.stored.values() if _names(each, contact_id, identity)]

    async def forget(self, refs: Collection[str]) -> int:
        return sum(self.stored.pop(ref, None) is not None for ref in refs)

    def _stored(self, record: Record) -> bool:
        if self._revision(record.ref) != record.revision:
            return False
        self.stored[record.ref] = replace(record, revision=record.revision + 1)
        return True

    def _marked(self, record: Record) -> bool:
        if record.revision == 0 or self._revision(record.ref) != record.revision:
            return False
        known = self.stored[record.ref]
        self.stored[record.ref] = replace(known, projected=record.projected, revision=known.revision + 1)
        return True

    def _revision(self, ref: str) -> int:
        return self.stored[ref].revision if ref in self.stored else 0


def _there(record: Record, as_of: datetime | None) -> bool:
    deleted_since = as_of is not None and record.changed_at is not None and record.changed_at > as_of
    return not record.deleted or deleted_since


def _names(record: Record, contact_id: str, identity: str) -> bool:
    if record.projected and record.projected.contact_id == contact_id:
        return True
    return bool(identity) and identity in {str(value).strip().lower() for value in record.values().values()}
