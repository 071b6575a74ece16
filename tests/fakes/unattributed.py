"""Unattributed reports in memory."""

from __future__ import annotations

from collections.abc import Sequence

from domain.inbound_mail import MOST_UNATTRIBUTED, Unattributed


class MemoryUnattributed:
    def __init__(self, most: int = MOST_UNATTRIBUTED) -> None:
        self._most = most
        self.stored: dict[str, Unattributed] = {}

    async def add(self, reports: Sequence[Unattributed]) -> None:
        for report in reports:
            self.stored.setdefault(report.id, report)
        while len(self.stored) > self._most:
            del self.stored[min(self.stored.values(), key=lambda report: report.at).id]

    async def of_contact(self, contact_id: str) -> Sequence[Unattributed]:
        found = [report for report in self.stored.values() if contact_id in report.contact_ids]
        return sorted(found, key=lambda report: (report.at, report.id))

    async def newest(self, kind: str | None, limit: int) -> Sequence[Unattributed]:
        found = [report for report in self.stored.values() if kind in {None, report.kind}]
        return sorted(found, key=lambda report: report.at, reverse=True)[: limit or None]

    async def count(self, kind: str | None) -> int:
        return len(await self.newest(kind, 0))
