"""One suite over the contacts in memory and in MongoDB."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

import pytest

from domain.campaign import LawfulBasis
from domain.consent import Consent, ConsentTo, Tracking
from domain.contact import (
    LONG_AGO,
    Contact,
    ContactField,
    Membership,
    OptOut,
    Source,
    SubscriptionType,
    joined,
    left,
)
from domain.send_times import ZONE_FIELD
from domain.series import Member
from domain.slices import KeyRange
from repositories.connection import Database
from repositories.contacts import MongoContacts
from tests.builders import NOW, a_contact, a_member, a_stamp, an_id, later
from tests.fakes.contacts import MemoryContacts

AnyContacts: TypeAlias = MemoryContacts | MongoContacts


@pytest.fixture(params=["memory", "mongo"])
def contacts(request: pytest.FixtureRequest) -> AnyContacts:
    if request.param == "memory":
        return MemoryContacts()
    return MongoContacts(request.getfixturevalue("mongo_database"))


@dataclass
class Clock:
    now: datetime = NOW


Timed: TypeAlias = tuple[AnyContacts, Clock]


@pytest.fixture(params=["memory", "mongo"])
def timed(request: pytest.FixtureRequest) -> Timed:
    """A store that stamps by this clock."""
    clock = Clock()
    if request.param == "mongo":
        return MongoContacts(request.getfixturevalue("mongo_database"), now=lambda: clock.now), clock
    contacts = MemoryContacts()
    contacts.now = lambda: clock.now
    return contacts, clock


async def load(contacts: AnyContacts, contact: Contact) -> Contact:
    return (await contacts.load([contact.id]))[contact.id]


def with_everything() -> Contact:
    stamp = a_stamp("Contacts:7", 4, NOW + timedelta(microseconds=123_457))
    return a_contact(
        sources={"Contacts:7": Source("Contacts:7", stamp, opted_out=True, gone=True, map_versions={"a.b": 3})},
        fields={"first_name": ContactField("$Ann", stamp), "tags": ContactField(["a", {"$b": 1}], stamp)},
        memberships={"news": Membership("news", frozenset({"sync:a|Contacts:7", "campaign:b|Contacts:7"}))},
        topics=frozenset({"marketing"}),
        left_topics=frozenset({"offers"}),
        subscription=SubscriptionType.MARKETING,
        opt_out=OptOut(NOW + timedelta(microseconds=1), "unsubscribe:spring"),
        consents=(
            Consent(ConsentTo.MAIL, True, NOW, "form", "box ticked", LawfulBasis.CONSENT),
            Consent(ConsentTo.TRACKING, False, NOW + timedelta(microseconds=3), "preferences"),
        ),
    )


async def test_what_is_saved_is_loaded_one_revision_on(contacts: AnyContacts) -> None:
    contact = with_everything()
    assert await contacts.save([contact]) == frozenset()
    assert await load(contacts, contact) == replace(contact, revision=1)


async def test_revisions_tell_how_often_each_was_written(contacts: AnyContacts) -> None:
    ann, bea = a_contact(), a_contact("bea@example.com")
    await contacts.save([ann, bea])
    await contacts.save([await load(contacts, bea)])
    assert await contacts.revisions([ann.id, bea.id, "nobody"]) == {ann.id: 1, bea.id: 2}


async def test_unknown_ids_are_left_out(contacts: AnyContacts) -> None:
    assert await contacts.load([an_id("nobody@example.com")]) == {}


async def test_for_sending_a_contact_has_its_values_records_topics_and_consents(contacts: AnyContacts) -> None:
    contact = with_everything()
    await contacts.save([contact])
    found = (await contacts.for_sending([contact.id, an_id("nobody@example.com")]))[contact.id]
    assert (found.id, found.address, found.values()) == (contact.id, contact.address, contact.values())
    assert (found.topics, found.left_topics) == (contact.topics, contact.left_topics)
    assert (found.consents, found.tracking) == (contact.consents, Tracking.NO)
    assert (found.subscription, found.opt_out, found.opted_out) == (contact.subscription, contact.opt_out, True)
    known = {ref: (each.ref, each.opted_out, each.gone) for ref, each in contact.sources.items()}
    assert {ref: (each.ref, each.opted_out, each.gone) for ref, each in found.sources.items()} == known
    assert found.memberships == {}


async def test_what_people_said_to_being_tracked_is_told_of_those_who_are_stored(contacts: AnyContacts) -> None:
    yes = Consent(ConsentTo.TRACKING, True, NOW, "form")
    refused, agreed, silent = (
        with_everything(),
        a_contact("bea@example.com", consents=(yes,)),
        a_contact("c@example.com"),
    )
    await contacts.save([refused, agreed, silent])
    told = await contacts.tracking([refused.id, agreed.id, silent.id, an_id("nobody@example.com")])
    assert told == {refused.id: Tracking.NO, agreed.id: Tracking.YES, silent.id: Tracking.UNKNOWN}


async def test_for_planning_a_contact_has_all_that_decides_on_it(contacts: AnyContacts) -> None:
    zone = ContactField("Europe/Rome", a_stamp())
    contact = with_everything()
    contact = replace(contact, fields={**contact.fields, ZONE_FIELD: zone})
    await contacts.save([contact])
    found = (await contacts.for_planning([contact.id, an_id("nobody@example.com")]))[contact.id]
    assert (found.id, found.address, found.values()) == (contact.id, contact.address, {ZONE_FIELD: "Europe/Rome"})
    known = {ref: replace(each, map_versions={}) for ref, each in contact.sources.items()}
    assert (found.sources, found.primary()) == (known, replace(contact, sources=known).primary())
    assert (found.topics, found.left_topics) == (contact.topics, contact.left_topics)
    assert (found.subscription, found.opt_out, found.consents) == (
        contact.subscription,
        contact.opt_out,
        contact.consents,
    )


async def test_for_planning_nobody_needs_a_time_zone(contacts: AnyContacts) -> None:
    await contacts.save([a_contact()])
    assert (await contacts.for_planning([a_contact().id]))[a_contact().id].fields == {}


async def test_what_was_read_in_part_cannot_be_saved(contacts: AnyContacts) -> None:
    """In the place of the contact the rest would be lost."""
    contact = with_everything()
    await contacts.save([contact])
    sending, planning = await contacts.for_sending([contact.id]), await contacts.for_planning([contact.id])
    assert await contacts.save([sending[contact.id]]) == {contact.id}
    assert await contacts.save([planning[contact.id]]) == {contact.id}
    assert await load(contacts, contact) == replace(contact, revision=1)


async def test_a_new_contact_does_not_replace_a_stored_one(contacts: AnyContacts) -> None:
    await contacts.save([a_contact()])
    other, new = a_contact(topics=frozenset({"x"})), a_contact("bob@example.com")
    assert await contacts.save([other, new]) == {other.id}
    assert (await load(contacts, other)).topics == frozenset()
    assert (await load(contacts, new)).revision == 1


async def test_only_the_stored_revision_can_be_followed(contacts: AnyContacts) -> None:
    await contacts.save([a_contact()])
    loaded = await load(contacts, a_contact())
    assert await contacts.save([replace(loaded, topics=frozenset({"first"}))]) == frozenset()
    assert await contacts.save([replace(loaded, topics=frozenset({"second"}))]) == {loaded.id}
    assert (await load(contacts, loaded)).topics == {"first"}


async def test_members_are_found_by_list_in_the_order_of_their_ids(contacts: AnyContacts) -> None:
    members = [a_member(f"p{n}@example.com") for n in range(5)]
    await contacts.save([*members, a_member("q@example.com", "other"), a_contact("r@example.com")])
    assert [key async for key in contacts.members("news")] == sorted(member.id for member in members)
    assert await contacts.count("news") == 5
    assert await contacts.count("nothing") == 0


async def test_a_range_of_members_holds_its_end_but_not_its_beginning(contacts: AnyContacts) -> None:
    members = [a_member(f"p{n}@example.com") for n in range(5)]
    await contacts.save(members)
    ids = sorted(member.id for member in members)
    found = await contacts.members_within("news", KeyRange(0, ids[1], ids[3], "news"))
    assert [contact.id for contact in found] == ids[2:4]


async def test_a_membership_says_since_when_it_is_from_its_first_write_on(timed: Timed) -> None:
    contacts, clock = timed
    await contacts.save([a_member()])
    clock.now = later(60)
    known = await load(contacts, a_member())
    await contacts.save([joined(joined(known, "news", "import:1"), "other", "import:1")])
    after = (await load(contacts, known)).memberships
    assert (after["news"].since, after["other"].since) == (NOW, later(60))
    clock.now = later(90)
    await contacts.save([left(await load(contacts, known), "other", "import:1")])
    clock.now = later(120)
    await contacts.save([joined(await load(contacts, known), "other", "import:2")])
    assert (await load(contacts, known)).memberships["other"].since == later(120)


async def test_who_joined_a_list_since_a_time(timed: Timed) -> None:
    contacts, clock = timed
    for number in range(3):
        clock.now = later(number)
        await contacts.save([a_member(f"p{number}@example.com"), a_member(f"q{number}@example.com", "other")])
    both = a_member("both@example.com", "other")
    await contacts.save([joined(both, "news", "import:1")])
    found = {member async for member in contacts.joined_since("news", later(1))}
    assert found == {
        Member(an_id("p1@example.com"), later(1)),
        Member(an_id("p2@example.com"), later(2)),
        Member(both.id, later(2)),
    }


async def test_a_sweep_finds_all_members_with_their_times_in_pages(timed: Timed) -> None:
    contacts, clock = timed
    people = [a_member(f"p{number}@example.com") for number in range(5)]
    await contacts.save([*people, a_member("q@example.com", "other")])
    first = await contacts.members_after("news", "", 3)
    second = await contacts.members_after("news", first[-1].contact_id, 3)
    assert [*first, *second] == [Member(key, clock.now) for key in sorted(each.id for each in people)]


async def test_a_membership_older_than_these_times_stays_without_one(mongo_database: Database) -> None:
    contacts = MongoContacts(mongo_database)
    await contacts.save([a_member()])
    await mongo_database["contacts"].update_one({}, {"$unset": {"memberships.0.since": ""}})
    known = await load(contacts, a_member())
    assert known.memberships["news"].since == LONG_AGO
    await contacts.save([known])
    stored = await mongo_database["contacts"].find_one({})
    assert stored is not None
    assert "since" not in stored["memberships"][0]
    assert await contacts.members_after("news", "", 9) == [Member(known.id, LONG_AGO)]
    assert [member async for member in contacts.joined_since("news", NOW)] == []


async def test_pages_follow_each_other_without_gap(contacts: AnyContacts) -> None:
    await contacts.save([a_member(f"p{n}@example.com") for n in range(5)])
    first = await contacts.page("news", limit=3)
    second = await contacts.page("news", after=first[-1].id, limit=3)
    assert [contact.id for contact in [*first, *second]] == [key async for key in contacts.members("news")]


async def test_of_very_many_saved_at_once_exactly_those_that_others_changed_are_refused(contacts: AnyContacts) -> None:
    """MongoDB gets them in several commands."""
    people = [a_contact(f"p{number}@example.com") for number in range(250)]
    assert await contacts.save(people) == frozenset()
    stored = await contacts.load([each.id for each in people])
    theirs = [replace(each, address="Other@example.com") for each in list(stored.values())[::3]]
    assert await contacts.save(theirs) == frozenset()
    ours = [replace(each, address="Ours@example.com") for each in stored.values()]
    assert await contacts.save(ours) == {each.id for each in theirs}
    after = await contacts.load([each.id for each in people])
    assert sum(each.address == "Ours@example.com" for each in after.values()) == 250 - len(theirs)
