"""Stores for a dry run: everything is read, and whatever is written stays in this process until the slice is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.contact import Contact
from domain.email import Email
from domain.filter_hints import Hint
from domain.filters import read, selected
from domain.record import Record
from domain.selections import module_of
from domain.slices import KeyRange
from handlers.dry_addresses import Addressees
from handlers.ports.audience import Contacts, Records
from handlers.ports.campaigns import Selections


@dataclass(slots=True)
class DryRecords:
    """Records as they are stored; marks are dropped. A slice is read once."""

    records: Records
    _known: dict[str, Record] = field(default_factory=dict)
    _ranges: dict[KeyRange, Sequence[Record]] = field(default_factory=dict)

    def begin_slice(self) -> None:
        self._known.clear()
        self._ranges.clear()

    async def load(self, refs: Collection[str]) -> Mapping[str, Record]:
        if unread := [ref for ref in refs if ref not in self._known]:
            self._known.update(await self.records.load(unread))
        return {ref: self._known[ref] for ref in refs if ref in self._known}

    async def within(self, keys: KeyRange) -> Sequence[Record]:
        if keys not in self._ranges:
            self._ranges[keys] = await self.records.within(keys)
            self._known.update({record.ref: record for record in self._ranges[keys]})
        return self._ranges[keys]

    async def sifted(self, keys: KeyRange, hint: Hint) -> Sequence[Record]:
        if keys not in self._ranges:
            self._ranges[keys] = await self.records.sifted(keys, hint)
            self._known.update({record.ref: record for record in self._ranges[keys]})
        return self._ranges[keys]

    async def marks_within(self, keys: KeyRange) -> Sequence[Record]:
        return await self.within(keys)

    async def save(self, records: Sequence[Record]) -> frozenset[str]:
        return frozenset()

    async def mark_projected(self, records: Sequence[Record]) -> frozenset[str]:
        return frozenset()

    def keys(self, module: str) -> AsyncIterator[str]:
        return self.records.keys(module)

    async def count(self, module: str, as_of: datetime | None = None) -> int:
        return await self.records.count(module, as_of)


@dataclass(slots=True)
class DryContacts:
    """Contacts as they would be. Kept beyond a slice are only those whom a record left: they may be list members."""

    contacts: Contacts
    picked: Addressees
    _known: dict[str, Contact] = field(default_factory=dict)
    _left: dict[str, Contact] = field(default_factory=dict)

    def begin_slice(self) -> None:
        self._known = dict(self._left)

    async def load(self, ids: Collection[str]) -> Mapping[str, Contact]:
        if unread := [key for key in ids if key not in self._known]:
            self._known.update(await self.contacts.load(unread))
        return {key: self._known[key] for key in ids if key in self._known}

    async def for_sending(self, ids: Collection[str]) -> Mapping[str, Contact]:
        return await self.load(ids)

    async def for_planning(self, ids: Collection[str]) -> Mapping[str, Contact]:
        return await self.load(ids)

    async def revisions(self, ids: Collection[str]) -> Mapping[str, int]:
        known = {key: self._known[key].revision for key in ids if key in self._known}
        return {**known, **await self.contacts.revisions([key for key in ids if key not in known])}

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        for contact in contacts:
            before = self._known.get(contact.id)
            self._known[contact.id] = contact
            if contact.id in self._left or (before and len(contact.present()) < len(before.present())):
                self._left[contact.id] = contact
        return frozenset()

    def members(self, list_id: str) -> AsyncIterator[str]:
        return self.contacts.members(list_id)

    async def members_within(self, list_id: str, keys: KeyRange) -> Sequence[Contact]:
        """Without those who would have left it, and without those to whom a picked record leads: that counts them."""
        members = [self._left.get(each.id, each) for each in await self.contacts.members_within(list_id, keys)]
        return [each for each in members if list_id in each.memberships and not self.picked.holds(each.id)]


@dataclass(slots=True)
class DrySelections:
    """What was kept for the campaign; whom its filters pick is looked up again instead of being frozen."""

    selections: Selections
    records: DryRecords
    filters: Mapping[str, str]  #: by module
    key: str  #: under which the run would freeze them
    _chunks: dict[int, Sequence[str]] = field(default_factory=dict)

    def begin_slice(self) -> None:
        self._chunks.clear()

    async def put(
        self, key: str, number: int, refs: Sequence[str], *, campaign_id: str, revision: int
    ) -> Sequence[str]:
        self._chunks[number] = list(refs)
        return refs

    async def chunk(self, key: str, number: int) -> Sequence[str]:
        return self._chunks.get(number, ()) if key == self.key else await self.selections.chunk(key, number)

    async def numbers(self, key: str) -> Sequence[int]:
        return await self.selections.numbers(key)

    async def sizes(self, key: str) -> Mapping[int, int]:
        return await self.selections.sizes(key)

    async def holding(self, key: str, refs: Collection[str]) -> frozenset[str]:
        if key != self.key:
            return await self.selections.holding(key, refs)
        picks = {module: selected(read(text)) for module, text in self.filters.items()}
        found = await self.records.load([ref for ref in refs if module_of(ref) in picks])
        return frozenset(ref for ref, record in found.items() if picks[record.module](record))

    async def forget(self, campaign_id: str, *, before: int, keep: str) -> None:
        """Nothing was put anywhere."""


@dataclass(slots=True)
class DryLedger:
    """The rows that would be planned."""

    rows: list[Email] = field(default_factory=list)

    async def plan(self, rows: Sequence[Email]) -> None:
        self.rows = list(rows)
