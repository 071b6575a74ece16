"""People out of a file join a list, without a CRM record behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.contact import Contact, contact_id
from domain.errors import Conflict
from domain.imports import Joining, Person, imported, why_not
from domain.passage import Change
from handlers.ports.audience import Contacts
from handlers.ports.responses import Suppressions

ROUNDS = 5  #: of taking in what others changed first


@dataclass(frozen=True, slots=True)
class ListImport:
    """Puts a window of people on a list. Told twice, it writes nothing the second time."""

    contacts: Contacts
    suppressions: Suppressions
    address_key: bytes

    async def __call__(self, people: Sequence[Person], rule: Joining) -> Sequence[str]:
        """What became of each, in their order: a `Change`, or the `RowReason` for which it did not join.

        Raises:
            Conflict: others kept changing the same contacts; some may have joined.
        """
        ids = [contact_id(person.address.identity, self.address_key) for person in people]
        suppressed = await self.suppressions.of(set(ids))
        open_ids, answers = frozenset(ids), dict[int, str]()
        for _ in range(ROUNDS):
            before = await self.contacts.load(open_ids)
            after = dict(before)
            for place, (key, person) in enumerate(zip(ids, people, strict=True)):
                if key in open_ids:
                    refusal = why_not(person, after.get(key), suppressed.get(key, frozenset()), rule)
                    answers[place] = refusal or _join(key, person, rule, after)
            open_ids = await self._save(before, after)
            if not open_ids:
                return [answers[place] for place in range(len(people))]
        raise Conflict(f"{len(open_ids)} contacts kept changing while they joined list {rule.list_id}")

    async def _save(self, before: Mapping[str, Contact], after: Mapping[str, Contact]) -> frozenset[str]:
        changed = [contact for key, contact in after.items() if contact != before.get(key)]
        return await self.contacts.save(changed) if changed else frozenset()


def _join(key: str, person: Person, rule: Joining, contacts: dict[str, Contact]) -> Change:
    known = contacts.get(key)
    joined = imported(known or Contact(key, person.address.sendable), person, rule)
    contacts[key] = joined
    if known is None:
        return Change.NEW
    return Change.UNCHANGED if joined == known else Change.UPDATED
