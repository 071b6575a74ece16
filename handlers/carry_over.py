"""Carrying stored records over to the contacts with their addresses: one way for changed records, syncs and reviews."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from domain.contact import Contact, contact_id
from domain.errors import Conflict
from domain.module import Module
from domain.passage import Arrivals, Carried, Change, Departures, Passage, carried, passage, unless_erased
from domain.projection import Rule
from domain.record import Record
from handlers.ports import Contacts, Records, Suppressions

ROUNDS = 5  #: of taking in what others changed first; in each of them somebody gets on, so few are needed

#: A contact after something happened to it; the mapping is what is stored.
_Step: TypeAlias = Callable[[str, Mapping[str, Contact]], Contact | None]


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
        self,
        records: Sequence[Record],
        rules: Mapping[str, Sequence[Rule]],
        modules: Mapping[str, Module],
        named: Mapping[str, Collection[str]] | None = None,
    ) -> Mapping[str, Carried]:
        """What came of each record, by ref.

        `rules` and `modules` are by module name. Where a module has no rules, only records that are behind a contact
        already are kept up to date (opt-out, address, deletion); the others are not in the answer. `named` gives, by
        ref, sendable addresses that events gave a record besides: a worker that died may have left it there.

        Raises:
            Conflict: others kept changing the same records or contacts; what was written is right, but not complete.
        """
        elsewhere = {ref: self._ids(addresses) for ref, addresses in (named or {}).items()}
        asked = frozenset(record.ref for record in records)
        answer: dict[str, Carried] = {}
        settled: set[str] = set()
        for _ in range(ROUNDS):
            ways = [
                self._way(each, modules[each.module], rules.get(each.module, ()), elsewhere)
                for each in records
                if rules.get(each.module) or _is_behind_a_contact(each)
            ]
            results, bereft = await self._carry(ways)
            answer |= {ref: _in_all(answer.get(ref), result) for ref, result in results.items() if ref in asked}
            bereft = {ref for ref in bereft if ref.partition(":")[0] in modules}
            again = bereft - settled
            settled |= bereft
            if again:  # before anybody is marked: a mark says that the repeat of an event need not look here again
                again |= {way.record.ref for way in ways}
            elif overtaken := await self._mark(ways):
                again = bereft | overtaken
            else:
                return answer
            elsewhere |= {way.record.ref: way.origins | {way.target or ""} for way in ways}
            records = list((await self.records.load(again)).values())
        raise Conflict(f"{len(records)} records kept changing while they were carried over")

    def _way(
        self, record: Record, module: Module, rules: Sequence[Rule], elsewhere: Mapping[str, Collection[str]]
    ) -> Passage:
        return passage(record, module, rules, self.address_key, elsewhere.get(record.ref, ()))

    def _ids(self, addresses: Iterable[str]) -> frozenset[str]:
        return frozenset(contact_id(sendable.lower(), self.address_key) for sendable in addresses)

    async def _carry(self, ways: Sequence[Passage]) -> tuple[dict[str, Carried], set[str]]:
        """What came of each, and the refs of records that stay behind contacts which others left.

        Those are carried over once more: a value of theirs that the newer one of the others hid shows again.
        """
        ids = {contact for way in ways for contact in (way.target, *way.origins) if contact}
        suppressed = await self.suppressions.of(ids) if ids else {}
        ways = [unless_erased(way, suppressed) for way in ways]
        before = await self.contacts.load(ids) if ids else {}
        arrivals, departures = Arrivals.of(ways, suppressed, skip_roles=self.skip_roles), Departures.of(ways)
        # Arrivals are stored first: what a record takes along is read from where it was, also after a crash.
        after = await self._save(arrivals.by_target, arrivals, before)
        final = await self._save(departures.by_origin, departures, after)
        bereft = {each.ref for key in departures.by_origin if key in final for each in final[key].present()}
        results = {way.record.ref: _answer(way, before, after, arrivals) for way in ways}
        return results, bereft

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

    async def _mark(self, ways: Sequence[Passage]) -> frozenset[str]:
        """The refs of records that somebody changed since they were loaded."""
        over = [way.arrived for way in ways if way.arrived.projected != way.record.projected]
        return await self.records.mark_projected(over) if over else frozenset()


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
