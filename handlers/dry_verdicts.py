"""Suppressions and strikes for a dry run of verdicts: read as they are stored, changed in this process alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.eligibility import SuppressionReason
from domain.lists import Suppression
from domain.strikes import StrikeRecord
from handlers.ports.responses import Strikes, Suppressions


@dataclass(frozen=True, slots=True)
class DrySuppressions:
    """Keeps what would be, of those who are concerned."""

    suppressions: Suppressions
    _changed: dict[str, list[Suppression]] = field(default_factory=dict)

    async def of(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[SuppressionReason]]:
        stored = await self.suppressions.of(contact_ids)
        changed = {key: self._changed[key] for key in contact_ids if key in self._changed}
        found = {**stored, **{key: frozenset(each.reason for each in own) for key, own in changed.items()}}
        return {key: reasons for key, reasons in found.items() if reasons}

    async def details(self, contact_id: str) -> Sequence[Suppression]:
        own = self._changed.get(contact_id)
        return await self.suppressions.details(contact_id) if own is None else own

    async def add(self, suppressions: Sequence[Suppression]) -> None:
        for each in suppressions:
            own = await self._own(each.contact_id)
            if all(known.reason is not each.reason for known in own):
                own.append(each)

    async def lift(self, suppression: Suppression, *, at: datetime, because: str) -> bool:
        own = await self._own(suppression.contact_id)
        if suppression not in own:
            return False
        own.remove(suppression)
        return True

    async def _own(self, contact_id: str) -> list[Suppression]:
        if contact_id not in self._changed:
            self._changed[contact_id] = list(await self.suppressions.details(contact_id))
        return self._changed[contact_id]


@dataclass(frozen=True, slots=True)
class DryStrikes:
    strikes: Strikes
    _changed: dict[str, StrikeRecord] = field(default_factory=dict)

    async def load(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        return {**await self.strikes.load(contact_ids), **self._of(contact_ids)}

    async def struck(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        found = {**await self.strikes.struck(contact_ids), **self._of(contact_ids)}
        return {key: record for key, record in found.items() if record.strikes}

    async def save(self, records: Sequence[StrikeRecord]) -> frozenset[str]:
        self._changed.update({record.contact_id: record for record in records})
        return frozenset()

    def _of(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        return {key: self._changed[key] for key in contact_ids if key in self._changed}
