"""Suppressions in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from domain.eligibility import SuppressionReason
from domain.lists import Lifted, Suppression


class MemorySuppressions:
    def __init__(self, *suppressions: Suppression) -> None:
        self.stored = {(each.contact_id, each.reason): each for each in suppressions}
        self.taken_back: list[Lifted] = []

    async def of(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[SuppressionReason]]:
        found: dict[str, frozenset[SuppressionReason]] = {}
        for contact, reason in self.stored:
            if contact in contact_ids:
                found[contact] = found.get(contact, frozenset()) | {reason}
        return found

    async def add(self, suppressions: Sequence[Suppression]) -> None:
        for each in suppressions:
            self.stored.setdefault((each.contact_id, each.reason), each)

    async def details(self, contact_id: str) -> Sequence[Suppression]:
        found = [each for (contact, _), each in self.stored.items() if contact == contact_id]
        return sorted(found, key=lambda each: (each.at, each.reason))

    async def lift(self, suppression: Suppression, *, at: datetime, because: str) -> bool:
        key = (suppression.contact_id, suppression.reason)
        known = self.stored.get(key)
        if known is None or known.at != suppression.at:
            return False
        self.taken_back.append(Lifted(self.stored.pop(key), at, because))
        return True

    async def lifted(self, contact_id: str) -> Sequence[Lifted]:
        return [each for each in self.taken_back if each.suppression.contact_id == contact_id]

    async def page(self, *, after: str = "", limit: int = 50) -> Sequence[Suppression]:
        ids = sorted({contact for contact, _ in self.stored if contact > after})[:limit]
        return [each for contact in ids for each in await self.details(contact)]

    async def count(self) -> int:
        return len({contact for contact, _ in self.stored})
