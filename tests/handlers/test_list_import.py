"""People out of a file join a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pytest

from domain.contact import Contact
from domain.eligibility import SuppressionReason
from domain.errors import Conflict
from domain.imports import Joining, Person, RowReason
from domain.passage import Change
from handlers.list_import import ListImport
from tests.builders import ADDRESS_KEY, NOW, a_contact, a_member, a_suppression, an_address, an_id
from tests.fakes.contacts import MemoryContacts
from tests.fakes.suppressions import MemorySuppressions

RULE = Joining("people-1", "news", NOW)
ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"


def people(*texts: str) -> list[Person]:
    return [Person(an_address(text), {"first_name": text.partition("@")[0]}) for text in texts]


def joining(contacts: MemoryContacts, *suppressed: str) -> ListImport:
    return ListImport(contacts, MemorySuppressions(*map(a_suppression, suppressed)), ADDRESS_KEY)


async def test_each_is_told_what_became_of_it_in_order() -> None:
    contacts = MemoryContacts(a_contact(BOB))
    answers = await joining(contacts, EVE)(people(ANN, EVE, BOB), RULE)
    assert answers == [Change.NEW, RowReason.SUPPRESSED, Change.UPDATED]
    assert set(contacts.stored) == {an_id(ANN), an_id(BOB)}, "nothing is stored of the suppressed"


async def test_told_twice_it_writes_nothing_the_second_time() -> None:
    contacts = MemoryContacts()
    join = joining(contacts)
    await join(people(ANN, BOB), RULE)
    before = dict(contacts.stored)
    assert await join(people(ANN, BOB), RULE) == [Change.UNCHANGED] * 2
    assert contacts.stored == before


async def test_somebody_who_is_there_twice_is_one() -> None:
    contacts = MemoryContacts()
    answers = await joining(contacts)(people(ANN, "Ann@Example.COM"), RULE)
    assert answers[0] == Change.NEW
    assert list(contacts.stored) == [an_id(ANN)]
    assert contacts.stored[an_id(ANN)].address == ANN


async def test_an_erased_person_is_not_stored_again() -> None:
    contacts = MemoryContacts()
    suppressions = MemorySuppressions(a_suppression(ANN, reason=SuppressionReason.ERASED))
    assert await ListImport(contacts, suppressions, ADDRESS_KEY)(people(ANN), RULE) == [RowReason.SUPPRESSED]
    assert contacts.stored == {}


class Busy(MemoryContacts):
    """Somebody else changes a contact right before it is saved, so many times."""

    times = 1

    async def save(self, contacts: Sequence[Contact]) -> frozenset[str]:
        if self.times:
            self.times -= 1
            known = self.stored[an_id(ANN)]
            self.stored[known.id] = replace(known, topics=known.topics | {"other"}, revision=known.revision + 1)
        return await super().save(contacts)

    async def load(self, ids: Collection[str]) -> Mapping[str, Contact]:
        return dict(await super().load(ids))


async def test_what_others_changed_meanwhile_is_taken_in() -> None:
    contacts = Busy(a_contact(ANN))
    assert await joining(contacts)(people(ANN, BOB), RULE) == [Change.UPDATED, Change.NEW]
    assert contacts.stored[an_id(ANN)].topics == {"other"}
    assert contacts.stored[an_id(ANN)].memberships["news"].sources == {"import:people-1"}


async def test_it_gives_up_when_others_do_not_stop() -> None:
    contacts = Busy(a_contact(ANN))
    contacts.times = 99
    with pytest.raises(Conflict, match="1 contacts kept changing while they joined list news"):
        await joining(contacts)(people(ANN), RULE)


async def test_a_member_by_a_sync_is_a_member_by_both() -> None:
    contacts = MemoryContacts(a_member(ANN))
    await joining(contacts)(people(ANN), RULE)
    assert contacts.stored[an_id(ANN)].memberships["news"].sources == {"sync:leads|Leads:1", "import:people-1"}
