"""One suite over what is kept of erasures, and over stones in the place of people, in memory and in MongoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import pytest

from domain.erasure import Erasure, Person, erased_ref
from domain.record import Projected
from repositories.contacts import MongoContacts
from repositories.erasures import MongoErasures
from repositories.records import MongoRecords
from repositories.traces.audience import ContactTraces
from tests.builders import ADDRESS_KEY, NOW, a_contact, a_record, an_id, later
from tests.fakes.contacts import MemoryContacts
from tests.fakes.erasures import MemoryErasures
from tests.fakes.records import MemoryRecords
from tests.fakes.traces import MemoryContactTraces, StonyContacts

AnyErasures: TypeAlias = MemoryErasures | MongoErasures
ANN = an_id("ann@example.com")
REF = erased_ref("Leads:1", ADDRESS_KEY)
ERASURE = Erasure(ANN, NOW, "dpo", "request 7", "cli", frozenset({REF}), again_at=later(900))


@pytest.fixture(params=["memory", "mongo"])
def erasures(request: pytest.FixtureRequest) -> AnyErasures:
    if request.param == "memory":
        return MemoryErasures()
    return MongoErasures(request.getfixturevalue("mongo_database"))


async def test_an_erasure_that_is_asked_for_twice_keeps_its_beginning_and_gains_records(erasures: AnyErasures) -> None:
    assert await erasures.begin(ERASURE) == ERASURE
    other = erased_ref("Leads:2", ADDRESS_KEY)
    again = Erasure(ANN, later(5), "eve", "other", "message", frozenset({other}), again_at=later(905))
    assert await erasures.begin(again) == replace(ERASURE, records=frozenset({REF, other}), again_at=later(905))


async def test_counts_add_up_and_the_first_end_counts(erasures: AnyErasures) -> None:
    await erasures.begin(ERASURE)
    for counts in ({"emails": 2}, {"emails": 1, "events": 3}, {"strikes": 0}):
        await erasures.add(ANN, counts)
    done = await erasures.done(ANN, later(1), under_way=2)
    assert (done.counts, done.done_at, done.under_way) == ({"emails": 3, "events": 3}, later(1), 2)
    assert await erasures.done(ANN, later(9)) == done


async def test_it_is_due_once_and_then_settled(erasures: AnyErasures) -> None:
    await erasures.begin(ERASURE)
    assert await erasures.due(later(899), 9) == []
    assert [each.id for each in await erasures.due(later(900), 9)] == [ANN]
    await erasures.settled(ANN, later(899))
    assert [each.id for each in await erasures.due(later(900), 9)] == [ANN], "it was asked for anew"
    await erasures.settled(ANN, later(900))
    assert await erasures.due(later(2000), 9) == []


async def test_records_of_a_module_are_counted_until_their_person_comes_back(erasures: AnyErasures) -> None:
    await erasures.begin(ERASURE)
    await erasures.with_records(ANN, [erased_ref("Leads:2", ADDRESS_KEY), erased_ref("Contacts:2", ADDRESS_KEY)])
    await erasures.with_records("nobody", [erased_ref("Leads:3", ADDRESS_KEY)])
    assert [await erasures.count(module) for module in ("Leads", "Contacts", "Lead")] == [2, 1, 0]
    await erasures.lift(ANN, later(9))
    assert await erasures.count("Leads") == 0
    lifted = await erasures.get(ANN)
    assert lifted is not None
    assert (lifted.lifted_at, lifted.again_at) == (later(9), None)
    assert await erasures.begin(replace(ERASURE, asked_at=later(20))) == replace(ERASURE, asked_at=later(20))


@pytest.fixture(params=["memory", "mongo"])
def stony(request: pytest.FixtureRequest) -> StonyContacts:
    """Contacts, and what puts stones in their place."""
    if request.param == "memory":
        contacts = MemoryContacts()
        return StonyContacts(contacts, MemoryContactTraces(contacts))
    database = request.getfixturevalue("mongo_database")
    return StonyContacts(MongoContacts(database), ContactTraces(database))


async def test_in_the_place_of_who_was_erased_nobody_is_stored(stony: StonyContacts) -> None:
    contact, person = a_contact(), Person.of(ANN, "ann@example.com", (), ADDRESS_KEY)
    await stony.contacts.save([contact])
    assert [await stony.stones.erase(person), await stony.stones.erase(person)] == [1, 0]
    known = (
        await stony.contacts.load([ANN]),
        await stony.contacts.revisions([ANN]),
        await stony.contacts.tracking([ANN]),
    )
    assert known == ({}, {}, {})
    assert (await stony.contacts.for_sending([ANN]), await stony.contacts.for_planning([ANN])) == ({}, {})
    for late in (contact, replace(contact, revision=1), replace(contact, revision=2)):
        assert await stony.contacts.save([late]) == {ANN}
    await stony.contacts.admit(ANN)
    assert await stony.contacts.save([contact]) == frozenset()


async def test_who_was_never_stored_gets_a_stone_too(stony: StonyContacts) -> None:
    """A new contact may be on its way while somebody is erased."""
    assert await stony.stones.erase(Person.of(ANN, "ann@example.com", (), ADDRESS_KEY)) == 0
    assert await stony.contacts.save([a_contact()]) == {ANN}


@pytest.fixture(params=["memory", "mongo"])
def records(request: pytest.FixtureRequest) -> MemoryRecords | MongoRecords:
    return MemoryRecords() if request.param == "memory" else MongoRecords(request.getfixturevalue("mongo_database"))


async def test_an_address_is_looked_for_in_all_records_range_by_range(
    records: MemoryRecords | MongoRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repositories.records.SEARCHED_AT_ONCE", 2)
    for count in range(1, 6):
        await records.save([a_record(str(count), {"Email": "ann@example.com"})])
        found = [each.ref for each in await records.about(ANN, "ann@example.com")]
        assert sorted(found) == [f"Leads:{number + 1}" for number in range(count)]


async def test_records_are_found_by_their_contact_and_by_their_address(records: MemoryRecords | MongoRecords) -> None:
    carried = a_record("1", {"Email": "new@x.example"}, projected=Projected(1, ANN))
    named = [a_record("2", {"Email": " ANN@example.com "}), a_record("3", {"Email": "ann@example.com"})]
    others = [a_record("4", {"Email": "joann@example.com"}), a_record("5", {"Email": None})]
    await records.save([carried, *named, *others])
    assert sorted(each.ref for each in await records.about(ANN, "ann@example.com")) == ["Leads:1", "Leads:2", "Leads:3"]
    assert [each.ref for each in await records.about(ANN, "")] == ["Leads:1"]
    assert await records.forget(["Leads:1", "Leads:9"]) == 1
    assert await records.about(ANN, "") == []
