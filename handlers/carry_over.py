"""Carrying records over to the contacts with their addresses: one way for changed records, syncs and reviews."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from domain.contact import Contact, contact_id
from domain.errors import Conflict
from domain.module import Module
from domain.passage import (
    Arrivals,
    Carried,
    Change,
    Departures,
    Passage,
    carried,
    is_settled,
    passage,
    settled_at,
    settled_by,
    unless_erased,
)
from domain.projection import Rule
from domain.record import Record
from handlers.ports.audience import Contacts, Records
from handlers.ports.responses import Suppressions

ROUNDS = 5  #: of taking in what others changed first; in each of them somebody gets on, so few are needed

#: A contact after something happened to it; the mapping is what is stored.
_Step: TypeAlias = Callable[[str, Mapping[str, Contact]], Contact | None]


class Travellers(Protocol):
    """Records on their way, and how they are kept once they have arrived."""

    async def load(self, refs: Collection[str]) -> Sequence[Record]:
        """How they stand now."""

    async def keep(self, records: Sequence[Record]) -> frozenset[str]:
        """Store what is new of each, also its mark; the refs of those that others changed since they were loaded."""


@dataclass(frozen=True, slots=True)
class StoredRecords:
    """Records as they are stored: only their mark is new when they have arrived."""

    records: Records
    known: dict[str, Record] = field(default_factory=dict)  #: as they were loaded, by ref

    @classmethod
    def of(cls, records: Records, loaded: Iterable[Record]) -> StoredRecords:
        return cls(records, {record.ref: record for record in loaded})

    async def load(self, refs: Collection[str]) -> Sequence[Record]:
        found = await self.records.load(refs)
        self.known.update(found)
        return list(found.values())

    async def keep(self, records: Sequence[Record]) -> frozenset[str]:
        marked = [record for record in records if record is not self.known[record.ref]]
        return await self.records.mark_projected(marked) if marked else frozenset()


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of some passages."""

    results: Mapping[str, Carried]
    arrived: Mapping[str, Record]
    #: Records that stay behind contacts which others left. They are carried over once more: a value of theirs that the
    #: newer one of the others hid shows again.
    bereft: set[str]


@dataclass(frozen=True, slots=True)
class CarryOver:
    """Brings contacts up to date with records. Told twice, it writes nothing the second time.

    Whoever changes a record or a contact at the same time is noticed by its revision, and what they did is taken in.
    """

    records: Records
    contacts: Contacts
    suppressions: Suppressions
    address_key: bytes
    skip_roles: bool = False  #: whether info@, sales@ and the like stay off lists (D5)

    async def __call__(
        self, records: Sequence[Record], rules: Mapping[str, Sequence[Rule]], modules: Mapping[str, Module]
    ) -> Mapping[str, Carried]:
        """What came of each stored record, by ref.

        `rules` and `modules` are by module name. Where a module has no rules, only records that are behind a contact
        already are kept up to date (opt-out, address, deletion); the others are not in the answer.

        Raises:
            Conflict: others kept changing the same records or contacts; what was written is right, but not complete.
        """
        settled = await self._settled(records, rules, modules)
        moving = [record for record in records if record.ref not in settled]
        return settled | await self.arrive(moving, rules, modules, StoredRecords.of(self.records, moving))

    async def arrive(
        self,
        records: Sequence[Record],
        rules: Mapping[str, Sequence[Rule]],
        modules: Mapping[str, Module],
        travellers: Travellers,
        named: Mapping[str, Collection[str]] | None = None,
    ) -> dict[str, Carried]:
        """The same, also for records whose news are not stored yet: `travellers` keeps those, after the contacts.

        So a record never names a contact that does not know of it. `named` gives, by ref, sendable addresses that
        events gave a record besides: a worker that died may have left it there.
        """
        elsewhere = {ref: self._ids(addresses) for ref, addresses in (named or {}).items()}
        by = self._settled_by(rules, modules)
        asked = frozenset(record.ref for record in records)
        answer: dict[str, Carried] = {}
        settled: set[str] = set()
        for _ in range(ROUNDS):
            ways = self._ways(records, rules, modules, elsewhere)
            came = await self._carry(ways, by)
            answer |= {ref: _in_all(answer.get(ref), one) for ref, one in came.results.items() if ref in asked}
            bereft = {ref for ref in came.bereft if ref.partition(":")[0] in modules}
            again = bereft - settled
            settled |= bereft
            if again:  # before anybody is marked: a mark says that the repeat of an event need not look here again
                again |= {record.ref for record in records}
            elif overtaken := await travellers.keep([came.arrived.get(record.ref, record) for record in records]):
                again = bereft | overtaken
            else:
                return answer
            elsewhere |= {way.record.ref: way.origins | {way.target or ""} for way in ways}
            records = await travellers.load(again)
        raise Conflict(f"{len(records)} records kept changing while they were carried over")

    def _settled_by(
        self, rules: Mapping[str, Sequence[Rule]], modules: Mapping[str, Module]
    ) -> Mapping[str, str | None]:
        return {
            name: settled_by(rules.get(name, ()), module, skip_roles=self.skip_roles)
            for name, module in modules.items()
        }

    async def _settled(
        self, records: Sequence[Record], rules: Mapping[str, Sequence[Rule]], modules: Mapping[str, Module]
    ) -> dict[str, Carried]:
        """Those whose contact is as it was when the same rules carried them over: all of a sync that is run again.

        Only the revisions of the contacts are read.
        """
        marks = {record.ref: mark for record in records if (mark := record.projected) and mark.settled}
        ids = frozenset(mark.contact_id for mark in marks.values() if mark.contact_id)
        if not ids:
            return {}
        revisions, suppressed = await self.contacts.revisions(ids), await self.suppressions.of(ids)
        free = {key: revision for key, revision in revisions.items() if key not in suppressed}
        by = self._settled_by(rules, modules)
        return {
            record.ref: Carried(marks[record.ref].contact_id, None, Change.UNCHANGED)
            for record in records
            if is_settled(record, by.get(record.module), free)
        }

    def _ways(
        self,
        records: Iterable[Record],
        rules: Mapping[str, Sequence[Rule]],
        modules: Mapping[str, Module],
        elsewhere: Mapping[str, Collection[str]],
    ) -> list[Passage]:
        return [
            passage(each, modules[each.module], of, self.address_key, elsewhere.get(each.ref, ()))
            for each in records
            if (of := rules.get(each.module, ())) or _is_behind_a_contact(each)
        ]

    def _ids(self, addresses: Iterable[str]) -> frozenset[str]:
        return frozenset(contact_id(sendable.lower(), self.address_key) for sendable in addresses)

    async def _carry(self, ways: Sequence[Passage], by: Mapping[str, str | None]) -> _Came:
        ids = {contact for way in ways for contact in (way.target, *way.origins) if contact}
        suppressed, before = await gather(self.suppressions.of(ids), self.contacts.load(ids)) if ids else ({}, {})
        ways = [unless_erased(way, suppressed) for way in ways] if suppressed else ways
        arrivals, departures = Arrivals.of(ways, suppressed, skip_roles=self.skip_roles), Departures.of(ways)
        # Arrivals are stored first: what a record takes along is read from where it was, also after a crash.
        after = await self._save(arrivals.by_target, arrivals, before)
        final = await self._save(departures.by_origin, departures, after)
        bereft = {each.ref for key in departures.by_origin if key in final for each in final[key].present()}
        results = {way.record.ref: _answer(way, before, after, arrivals) for way in ways}
        arrived = {
            way.record.ref: way.arrived(_mark(results[way.record.ref], by[way.record.module], final)) for way in ways
        }
        return _Came(results, arrived, bereft)

    async def _save(self, ids: Collection[str], step: _Step, contacts: Mapping[str, Contact]) -> Mapping[str, Contact]:
        """The contacts as they are stored after the step."""
        for _ in range(ROUNDS):
            changed = [new for key in sorted(ids) if (new := step(key, contacts)) and new != contacts.get(key)]
            if not changed:
                return contacts
            ids = await self.contacts.save(changed)
            stored = {new.id: replace(new, revision=new.revision + 1) for new in changed if new.id not in ids}
            contacts = {**contacts, **stored}
            if not ids:
                return contacts
            contacts = {**contacts, **await self.contacts.load(ids)}
        raise Conflict(f"{len(ids)} contacts kept changing while records were carried over to them")


def _is_behind_a_contact(record: Record) -> bool:
    return record.projected is not None and record.projected.contact_id is not None


def _in_all(earlier: Carried | None, now: Carried) -> Carried:
    """What came of a record in two rounds."""
    if earlier is None or earlier.contact_id != now.contact_id or earlier.change is Change.UNCHANGED:
        return now
    return replace(now, change=earlier.change)


def _answer(way: Passage, before: Mapping[str, Contact], after: Mapping[str, Contact], arrivals: Arrivals) -> Carried:
    contact = after.get(way.target or "")
    return carried(way, before.get(way.target or ""), contact, arrivals.skip(contact) if contact else None)


def _mark(result: Carried, rules: str | None, contacts: Mapping[str, Contact]) -> str | None:
    """Only of somebody on the lists: whether a refusal still holds is looked at each time."""
    if rules is None or result.contact_id is None or result.skip or result.duplicate_of:
        return None
    return settled_at(rules, contacts[result.contact_id])
