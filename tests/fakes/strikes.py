"""Strikes in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from domain.strikes import StrikeRecord


class MemoryStrikes:
    def __init__(self, *records: StrikeRecord) -> None:
        self.stored = {record.contact_id: record for record in records}

    async def load(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        return {key: self.stored[key] for key in contact_ids if key in self.stored}

    async def struck(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        return {key: record for key, record in (await self.load(contact_ids)).items() if record.strikes}

    async def save(self, records: Sequence[StrikeRecord]) -> frozenset[str]:
        refused: set[str] = set()
        for record in records:
            known = self.stored.get(record.contact_id)
            if (known.revision if known else 0) == record.revision:
                self.stored[record.contact_id] = replace(record, revision=record.revision + 1)
            else:
                refused.add(record.contact_id)
        return frozenset(refused)
