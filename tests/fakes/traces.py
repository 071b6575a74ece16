"""What is kept of people, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.erasure import Person
from repositories.contacts import MongoContacts
from repositories.traces.audience import ContactTraces
from tests.fakes.contacts import MemoryContacts
from tests.fakes.records import MemoryRecords


@dataclass
class MemoryTraces:
    """One collection: documents by key of whom they are about."""

    collection: str
    stored: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        return [each for key in sorted(person.keys) for each in self.stored.get(key, ())]

    async def erase(self, person: Person) -> int:
        return sum(len(self.stored.pop(key, ())) for key in person.keys)


@dataclass
class MemoryContactTraces:
    contacts: MemoryContacts
    collection: str = "contacts"

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        found = self.contacts.stored.get(person.contact_id or "")
        return [{"_id": found.id, "address": found.address}] if found else []

    async def erase(self, person: Person) -> int:
        if person.contact_id is None:
            return 0
        self.contacts.erased.add(person.contact_id)
        return int(self.contacts.stored.pop(person.contact_id, None) is not None)


@dataclass
class MemoryRecordTraces:
    records: MemoryRecords
    collection: str = "records"

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        return [{"_id": ref} for ref in person.refs if ref in self.records.stored]

    async def erase(self, person: Person) -> int:
        return await self.records.forget(list(person.refs))


@dataclass
class StonyContacts:
    """Contacts, and what puts stones in the place of those who are erased."""

    contacts: MemoryContacts | MongoContacts
    stones: MemoryContactTraces | ContactTraces
