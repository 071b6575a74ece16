"""The audit log in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.audit import PAGE, AuditEntry, AuditQuery, Ending


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
        listed = sorted(self.stored.values(), key=lambda each: each.id)
        listed.sort(key=lambda each: each.at, reverse=True)
        if query.after is not None:
            places = [place for place, each in enumerate(listed, 1) if each.id == query.after]
            listed = listed[places[0] :] if places else []
        return [each for each in listed if _meets(each, query)][: query.limit or None]


def _meets(entry: AuditEntry, query: AuditQuery) -> bool:
    return (
        query.subject in {None, entry.subject}
        and query.who in {None, entry.who}
        and (not query.what or f"{entry.what} ".startswith(f"{query.what} "))
        and (not query.via or f"{entry.via}:".startswith(f"{query.via}:"))
        and (query.readers or entry.via != PAGE)
        and (not query.kind or entry.subject.partition(":")[0] in {query.kind, f"{query.kind}s"})
        and query.ending in {None, Ending.of(entry.outcome)}
        and (query.since is None or entry.at >= query.since)
    )
