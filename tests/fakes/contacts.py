"""Contacts in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from domain.consent import Tracking
from domain.contact import LONG_AGO, READ_ONLY, Contact, ContactField, Stamp
from domain.send_times import ZONE_FIELD
from domain.series import Member
from domain.slices import KeyRange

_UNSTAMPED = Stamp(datetime.min.replace(tzinfo=UTC), 0, "")


class MemoryContacts:
    def __init__(self, *contacts: Contact) -> None:
        self.stored: dict[str, Contact] = {contact.id: replace(contact, revision=1) for contact in contacts}
        self.erased: set[str] = set()
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def load(self, ids: Collection[str]) -> Mapping[str, Contact]:
        return {key: self.stored[key] for key in ids if key in self.stored}

    async def revisions(self, ids: Collection[str]) -> Mapping[str, int]:
        return {key: self.stored[key].revision for key in ids if key in self.stored}

    async def for_sending(self, ids: Collection[str]) -> Mapping[str, Contact]:
        return {key: _for_sending(contact) for key, contact in (await self.load(ids)).items()}

    async def for_planning(self, ids: Collection[str]) -> Mapping[str, Contact]:
        return {key: _for_planning(contact) for key, contact in (await self.load(ids)).items()}

    async def tracking(self, contact_ids: Collection[str]) -> Mapping[str, Tracking]:
        return {key: contact.tracking for key, contact in (await self.load(contact_ids)).items()}

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        return frozenset(contact.id for contact in contacts if not self._stored(contact))

    async def members(self, list_id: str) -> AsyncIterator[str]:
        for contact in self._on(list_id):
            yield contact.id

    async def members_within(self, list_id: str, keys: KeyRange) -> Sequence[Contact]:
        return [contact for contact in self._on(list_id) if keys.after < contact.id <= keys.through]

    async def joined_since(self, list_id: str, since: datetime) -> AsyncIterator[Member]:
        for contact in self._on(list_id):
            if (member := _member(contact, list_id)).since >= since:
                yield member

    async def members_after(self, list_id: str, after: str, limit: int) -> Sequence[Member]:
        return [_member(contact, list_id) for contact in self._on(list_id) if contact.id > after][:limit]

    async def page(self, list_id: str, *, after: str = "", limit: int = 50) -> Sequence[Contact]:
        return [contact for contact in self._on(list_id) if contact.id > after][:limit]

    async def count(self, list_id: str) -> int:
        return len(self._on(list_id))

    async def admit(self, contact_id: str) -> None:
        self.erased.discard(contact_id)

    def _on(self, list_id: str) -> list[Contact]:
        return [self.stored[key] for key in sorted(self.stored) if list_id in self.stored[key].memberships]

    def _stored(self, contact: Contact) -> bool:
        known = self.stored.get(contact.id)
        if contact.id in self.erased or (known.revision if known else 0) != contact.revision:
            return False
        self.stored[contact.id] = replace(_stamped(contact, self.now()), revision=contact.revision + 1)
        return True


def _stamped(contact: Contact, now: datetime) -> Contact:
    """Its memberships say since when they are."""
    memberships = {key: replace(each, since=each.since or now) for key, each in contact.memberships.items()}
    return replace(contact, memberships=memberships)


def _member(contact: Contact, list_id: str) -> Member:
    return Member(contact.id, contact.memberships[list_id].since or LONG_AGO)


def _for_sending(contact: Contact) -> Contact:
    sources = {ref: replace(each, stamp=_UNSTAMPED, map_versions={}) for ref, each in contact.sources.items()}
    fields = {name: _unstamped(each) for name, each in contact.fields.items()}
    return replace(contact, sources=sources, fields=fields, memberships={}, revision=READ_ONLY)


def _for_planning(contact: Contact) -> Contact:
    sources = {ref: replace(each, map_versions={}) for ref, each in contact.sources.items()}
    zone = {name: _unstamped(each) for name, each in contact.fields.items() if name == ZONE_FIELD}
    return replace(contact, sources=sources, fields=zone, memberships={}, revision=READ_ONLY)


def _unstamped(field: ContactField) -> ContactField:
    return replace(field, stamp=_UNSTAMPED)
