"""The audit log in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.audit import AuditEntry, AuditQuery


class MemoryAudit:
    def __init__(self) -> None:
        self.stored: dict[str, AuditEntry] = {}

    async def add(self, entry: AuditEntry) -> None:
        self.stored.setdefault(entry.id, entry)

    async def end(self, entry_id: str, after: str | None, outcome: str) -> None:
        entry = self.stored.get(entry_id)
        if entry is not None and entry.outcome is None:
            self.stored[entry_id] = replace(entry, after=after, outcome=outcome)

    async def find(self, query: AuditQuery) -> Sequence[AuditEntry]:
        found = [each for each in self.stored.values() if _meets(each, query)]
        newest_first = sorted(sorted(found, key=lambda each: each.id), key=lambda each: each.at, reverse=True)
        return newest_first[: query.limit or None]


def _meets(entry: AuditEntry, query: AuditQuery) -> bool:
    return (
        query.subject in {None, entry.subject}
        and query.who in {None, entry.who}
        and (query.since is None or entry.at >= query.since)
    )
