"""What the CRM goes on telling of people who were erased is not stored a second time.

A record that was erased is known by its key. One that comes under another id, or that comes to have the address of an
erased person, is one of theirs from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeAlias

from domain.contact import contact_id
from domain.eligibility import SuppressionReason, erased_of
from domain.erasure import erased_ref, record_key
from domain.lists import Suppression
from domain.module import Module
from domain.projection import last_email_of
from domain.record import Record, RecordChange
from domain.sync import SyncSkip
from handlers.ports.audience import RecordsOfPeople
from handlers.ports.clock import Clock
from handlers.ports.privacy import Erasures
from handlers.ports.responses import Suppressions

#: Records of erased people by ref, with the contact's id where their address tells it.
Owners: TypeAlias = Mapping[str, str | None]


class Told(Protocol):
    """Records with what a window of events tells of them."""

    @property
    def changes(self) -> dict[str, Sequence[RecordChange]]: ...

    @property
    def stored(self) -> dict[str, Record]: ...

    @property
    def news(self) -> dict[str, Record]: ...


@dataclass(frozen=True, slots=True)
class ErasedRecords:
    of_people: RecordsOfPeople
    suppressions: Suppressions
    erasures: Erasures
    address_key: bytes
    now: Clock

    async def kept_out(self, told: Told, records: Sequence[Record], modules: Mapping[str, Module]) -> Owners:
        """Take out of the window what is about erased people; which records that is, and whose.

        A record that stood behind somebody else leaves them first: of what it is now, nothing is stored.
        """
        owners = await self._erased(records, modules)
        for ref in owners:
            changes = told.changes.pop(ref, ())
            before = told.stored.get(ref)
            told.news.pop(ref, None)
            if before is not None and changes and not await self._erased([before], modules):
                told.changes[ref] = [_emptied(change, modules) for change in changes]
        return owners

    async def taken_back(self, told: Told, modules: Mapping[str, Module], kept_out: Owners) -> None:
        """Remove what was stored of somebody who was erased meanwhile: the erasure may have passed by before.

        Only now are the records remembered: one that is known is not told of any more, and could not leave others.
        """
        records = [record for ref, record in {**told.stored, **told.news}.items() if ref in told.changes]
        owners = await self._erased(records, modules)
        if gone := {**kept_out, **owners}:
            await self._remember(gone)
            await self.of_people.forget(gone.keys())

    async def _erased(self, records: Collection[Record], modules: Mapping[str, Module]) -> Owners:
        """Records of erased people by ref, with the contact's id where their address tells it."""
        of_ref = {record.ref: record_key(record.ref, self.address_key) for record in records}
        of_address = {record.ref: self._contact(record, modules) for record in records}
        asked = {*of_ref.values(), *(id_ for id_ in of_address.values() if id_)}
        erased = erased_of(await self.suppressions.of(asked)) if asked else frozenset()
        if not erased:
            return {}
        by_address = {ref: id_ if id_ in erased else None for ref, id_ in of_address.items()}
        return {ref: by_address[ref] for ref, key in of_ref.items() if key in erased or by_address[ref]}

    def _contact(self, record: Record, modules: Mapping[str, Module]) -> str | None:
        found = last_email_of(record, modules[record.module]) if record.module in modules else SyncSkip.NO_EMAIL
        return None if isinstance(found, SyncSkip) else contact_id(found.lower(), self.address_key)

    async def _remember(self, owners: Owners) -> None:
        """That these records are an erased person's, too: a later event may not name the address."""
        of_people = {ref: owner for ref, owner in owners.items() if owner}
        at = self.now()
        if of_people:
            await self.suppressions.add([self._stone(ref, at) for ref in sorted(of_people)])
        for ref, owner in of_people.items():
            await self.erasures.with_records(owner, [erased_ref(ref, self.address_key)])

    def _stone(self, ref: str, at: datetime) -> Suppression:
        return Suppression(record_key(ref, self.address_key), SuppressionReason.ERASED, at)


def _emptied(change: RecordChange, modules: Mapping[str, Module]) -> RecordChange:
    """That the record lost its address, and no more."""
    email = modules[change.module].email_field
    return replace(change, fields={}, cleared=frozenset({email} if email else ()), complete=False)
