"""Suppressions in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from domain.eligibility import SuppressionReason
from domain.lists import Suppression


class MemorySuppressions:
    def __init__(self, *suppressions: Suppression) -> None:
        self.stored = {(each.contact_id, each.reason): each for each in suppressions}

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
