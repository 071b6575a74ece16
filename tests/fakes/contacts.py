"""Contacts in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from domain.contact import READ_ONLY, Contact, Stamp
from domain.slices import KeyRange


class MemoryContacts:
    def __init__(self, *contacts: Contact) -> None:
        self.stored: dict[str, Contact] = {contact.id: replace(contact, revision=1) for contact in contacts}

    async def load(self, ids: Collection[str]) -> Mapping[str, Contact]:
        return {key: self.stored[key] for key in ids if key in self.stored}

    async def revisions(self, ids: Collection[str]) -> Mapping[str, int]:
        return {key: self.stored[key].revision for key in ids if key in self.stored}

    async def for_sending(self, ids: Collection[str]) -> Mapping[str, Contact]:
        return {key: _for_sending(contact) for key, contact in (await self.load(ids)).items()}

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        return frozenset(contact.id for contact in contacts if not self._stored(contact))

    async def members(self, list_id: str) -> AsyncIterator[str]:
        for contact in self._on(list_id):
            yield contact.id

    async def members_within(self, list_id: str, keys: KeyRange) -> Sequence[Contact]:
        return [contact for contact in self._on(list_id) if keys.after < contact.id <= keys.through]

    async def page(self, list_id: str, *, after: str = "", limit: int = 50) -> Sequence[Contact]:
        return [contact for contact in self._on(list_id) if contact.id > after][:limit]

    async def count(self, list_id: str) -> int:
        return len(self._on(list_id))

    def _on(self, list_id: str) -> list[Contact]:
        return [self.stored[key] for key in sorted(self.stored) if list_id in self.stored[key].memberships]

    def _stored(self, contact: Contact) -> bool:
        known = self.stored.get(contact.id)
        if (known.revision if known else 0) != contact.revision:
            return False
        self.stored[contact.id] = replace(contact, revision=contact.revision + 1)
        return True


def _for_sending(contact: Contact) -> Contact:
    stamp = Stamp(datetime.min.replace(tzinfo=UTC), 0, "")
    sources = {ref: replace(each, stamp=stamp, map_versions={}) for ref, each in contact.sources.items()}
    fields = {name: replace(each, stamp=stamp) for name, each in contact.fields.items()}
    return replace(contact, sources=sources, fields=fields, memberships={}, revision=READ_ONLY)
