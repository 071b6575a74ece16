"""People: records of the CRM, contacts, the lists and topics that they are on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.consent import Tracking
from domain.contact import Contact
from domain.filter_hints import Hint
from domain.lists import MailingList, Topic
from domain.module import Module
from domain.record import Record
from domain.series import Member
from domain.slices import KeyRange


class Records(Protocol):
    async def load(self, refs: Collection[str]) -> Mapping[str, Record]:
        """Those that are stored, by ref ("module:record_id")."""

    async def save(self, records: Sequence[Record]) -> frozenset[str]:
        """Store each unless its stored revision is another; the refs of those that were not."""

    async def mark_projected(self, records: Sequence[Record]) -> frozenset[str]:
        """Store `projected` of each that is still at its revision; the refs of those that changed in the meantime.

        The revision counts up, as with `save`.
        """

    def keys(self, module: str) -> AsyncIterator[str]:
        """All refs of a module, deleted ones too, ascending."""

    async def within(self, keys: KeyRange) -> Sequence[Record]:
        """Records whose ref is in the range, ascending."""

    async def sifted(self, keys: KeyRange, hint: Hint) -> Sequence[Record]:
        """The same, for a filter with this hint: those whom it rules out may be missing."""

    async def marks_within(self, keys: KeyRange) -> Sequence[Record]:
        """All of them without fields: where each was carried over to. Not to be saved (`READ_ONLY`)."""

    async def count(self, module: str, as_of: datetime | None = None) -> int:
        """Records of the module that are not deleted; with `as_of`, also those that were deleted only after it."""


class RecordsOfPeople(Protocol):
    """Records by whom they stand for; an address is looked for in all of them."""

    async def about(self, contact_id: str, identity: str) -> Sequence[Record]:
        """Those that were carried over to this contact, or have a field that is this address; empty: no address."""

    async def forget(self, refs: Collection[str]) -> int:
        """Remove them; how many were there."""


class Contacts(Protocol):
    async def load(self, ids: Collection[str]) -> Mapping[str, Contact]: ...

    async def revisions(self, ids: Collection[str]) -> Mapping[str, int]:
        """How often each was written, by id: equal revisions are equal contacts."""

    async def for_sending(self, ids: Collection[str]) -> Mapping[str, Contact]:
        """What a mail and the last check before it read: values, records, topics and consents. Without memberships
        and times; not to be saved (`READ_ONLY`)."""

    async def for_planning(self, ids: Collection[str]) -> Mapping[str, Contact]:
        """What decides whether somebody is mailed, for which record and when: records with their times, topics,
        consents and the time zone. Not to be saved (`READ_ONLY`)."""

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        """Store each, one revision on, unless its stored revision is another; the ids of those that were not."""

    def members(self, list_id: str) -> AsyncIterator[str]:
        """Ids of all contacts on the list, ascending."""

    async def members_within(self, list_id: str, keys: KeyRange) -> Sequence[Contact]: ...


class ListMembers(Protocol):
    """Who is on a list, and since when."""

    def joined_since(self, list_id: str, since: datetime) -> AsyncIterator[Member]:
        """Those who came to be on it at that time or later, in any order."""

    async def members_after(self, list_id: str, after: str, limit: int) -> Sequence[Member]:
        """All of them in the order of their ids, from the one after `after` on."""


class ErasedContacts(Protocol):
    async def admit(self, contact_id: str) -> None:
        """Let somebody be stored again who was erased."""


class SaidToTracking(Protocol):
    async def tracking(self, contact_ids: Collection[str]) -> Mapping[str, Tracking]:
        """What people said to being tracked (D12); of whom nothing is stored is left out."""


class Lists(Protocol):
    async def get(self, list_id: str) -> MailingList | None: ...

    async def add(self, mailing_list: MailingList) -> None:
        """Store it; one that is stored already stays as it is."""


class Topics(Protocol):
    async def get(self, topic_id: str) -> Topic | None: ...

    async def add(self, topic: Topic) -> None: ...

    async def all(self) -> Sequence[Topic]:
        """In the order of their ids."""


class Modules(Protocol):
    async def get(self, name: str) -> Module | None:
        """A module that was described, or a built-in one."""

    async def save(self, module: Module) -> bool:
        """Store it in place of an earlier description; False when a newer one is there, which stays."""
