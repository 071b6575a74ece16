"""Every collection either tells what it keeps of people, so that it can be erased and exported, or keeps nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.audit import DONE, AuditEntry, AuditQuery, choices
from domain.eligibility import SuppressionReason
from domain.erasure import GONE, Person, event_key
from repositories.connection import Document
from repositories.stores import Stores
from repositories.traces import traces
from repositories.traces.audience import SuppressionTraces
from repositories.traces.ledger import EventTraces
from repositories.traces.parked import ParkedTraces
from repositories.traces.reports import AuditTraces
from tests.builders import (
    ADDRESS_KEY,
    NOW,
    a_contact,
    a_parked_message,
    a_stored_event,
    a_suppression,
    an_email,
    an_id,
    later,
)

REPOSITORIES = Path(__file__).parents[2] / "repositories"
#: Of these nothing is about a person, or only a key and no word. A new collection is one of these, or has traces.
IMPERSONAL = {
    "anonymous_visits", "erasures", "feed_streams", "imports", "integration", "leases", "lists", "modules", "replays",
    "retention", "series", "slices", "summaries", "syncs", "templates", "throttles", "tokens", "topics",
    "webhook_positions",
}  # fmt: skip


def collections() -> set[str]:
    """Every collection that a repository opens by its name."""
    texts = [path.read_text() for path in REPOSITORIES.rglob("*.py")]
    return {name for text in texts for name in re.findall(r'collection\(database, "(\w+)"', text)}


def test_every_collection_has_traces_or_keeps_nothing_of_people(
    mongo_database: AsyncIOMotorDatabase[Document],
) -> None:
    traced = {each.collection for each in traces(mongo_database, ADDRESS_KEY)}
    assert traced.isdisjoint(IMPERSONAL)
    assert collections() <= traced | IMPERSONAL


def test_whoever_tells_who_is_meant_goes_last(mongo_database: AsyncIOMotorDatabase[Document]) -> None:
    """An erasure that was killed is repeated by the address or by a record."""
    assert [each.collection for each in traces(mongo_database, ADDRESS_KEY)][-2:] == ["contacts", "records"]


async def test_of_somebody_unknown_there_is_nothing_to_tell_and_nothing_to_erase(
    mongo_database: AsyncIOMotorDatabase[Document],
) -> None:
    nobody = Person.of(an_id("nobody@example.com"), "nobody@example.com", ["Leads:1"], ADDRESS_KEY)
    later = Person(keys=frozenset({an_id("nobody@example.com")}))
    for person in (nobody, later):
        for each in traces(mongo_database, ADDRESS_KEY):
            assert (each.collection, list(await each.of(person)), await each.erase(person)) == (each.collection, [], 0)


ANN = "ann@example.com"
PERSON = Person.of(an_id(ANN), ANN, ["Leads:1"], ADDRESS_KEY)


async def test_reasons_stay_without_their_words_and_the_feed_still_tells_them(
    mongo_database: AsyncIOMotorDatabase[Document],
) -> None:
    """Who comes back by own wish is not mailed again who had complained (D4)."""
    stores = Stores.of(mongo_database)
    complained = a_suppression(ANN, reason=SuppressionReason.COMPLAINED, evidence=f"{ANN} is angry")
    await stores.suppressions.add([complained, a_suppression(ANN, reason=SuppressionReason.ERASED)])
    erase = SuppressionTraces(mongo_database).erase
    assert [await erase(PERSON), await erase(PERSON)] == [1, 0]
    found = await stores.suppressions.details(an_id(ANN))
    assert {each.reason for each in found} == {SuppressionReason.COMPLAINED, SuppressionReason.ERASED}
    assert {(each.at, each.evidence) for each in found} == {(complained.at, "")}
    [marked] = await stores.feed_marks.suppressions(9)
    assert [(each.reason, each.evidence) for each in marked.reasons] == [(SuppressionReason.COMPLAINED, "")]


async def test_an_event_id_that_others_made_is_hashed_and_the_event_is_known_by_it(
    mongo_database: AsyncIOMotorDatabase[Document],
) -> None:
    """Whatever upstream wrote into it: the address, the name, either of them encoded."""
    stores = Stores.of(mongo_database)
    row, theirs, ours = an_email(ANN), f"provider:{ANN}:17", f"mail:{'0f' * 20}"
    await stores.emails.plan([row])
    told = [
        a_stored_event(theirs, email_id=row.id, event="clicked"),
        a_stored_event(ours, email_id=row.id, at=later(1)),
    ]
    await stores.events.add(told)
    erase = EventTraces(mongo_database, ADDRESS_KEY).erase
    assert [await erase(PERSON), await erase(PERSON)] == [1, 0]
    hashed = event_key(theirs, ADDRESS_KEY)
    assert await stores.events.known([theirs, hashed, ours]) == {hashed, ours}
    assert [each.event for each in await stores.events.of_email(row.id)] == ["clicked", told[1].event]


async def test_killed_between_the_new_id_and_the_old_one_a_repeat_removes_the_old_one(
    mongo_database: AsyncIOMotorDatabase[Document],
) -> None:
    stores, row, theirs = Stores.of(mongo_database), an_email(ANN), f"of {ANN}"
    hashed = event_key(theirs, ADDRESS_KEY)
    await stores.emails.plan([row])
    await stores.events.add([a_stored_event(each, email_id=row.id) for each in (theirs, hashed)])
    assert await EventTraces(mongo_database, ADDRESS_KEY).erase(PERSON) == 1
    assert [each.id for each in await stores.events.of_email(row.id)] == [hashed]


async def test_a_parked_message_is_known_by_module_and_id_and_loses_ids_that_name_somebody(
    mongo_database: AsyncIOMotorDatabase[Document],
) -> None:
    stores = Stores.of(mongo_database)
    stranger = b'{"data": {"module": "Contacts", "record_id": "1"}}'
    await stores.parked.park(a_parked_message("stranger", type="record-changed", body=stranger))
    await stores.parked.park(a_parked_message("many", type="send-batch", body=b"{}", message_id=f"to {ANN}"))
    await stores.parked.park(a_parked_message(f"of {ANN}", type="send-batch", body=b"{}"))
    assert await ParkedTraces(mongo_database).erase(PERSON) == 2
    kept = {each.id: each.message_id for each in await stores.parked.page()}
    assert kept.keys() == {"stranger", "many"}
    assert kept["many"] == GONE


@pytest.mark.parametrize("gone", ["files", "chunks"], ids=["the whole", "while it is read"])
async def test_a_parked_message_whose_file_is_gone_has_no_body(
    mongo_database: AsyncIOMotorDatabase[Document], gone: str
) -> None:
    stores = Stores.of(mongo_database)
    await stores.parked.park(a_parked_message("large", body=b"y" * 1_100_000, error=f"{ANN}: too long"))
    await mongo_database[f"parked_bodies.{gone}"].delete_many({})
    assert await ParkedTraces(mongo_database).erase(PERSON) == 1
    assert await stores.parked.count() == 0


async def test_who_changed_what_of_somebody_stays_and_what_they_had_chosen_goes(
    mongo_database: AsyncIOMotorDatabase[Document],
) -> None:
    stores, traced = Stores.of(mongo_database), AuditTraces(mongo_database)
    receipt = AuditEntry("r", NOW, "dpo", "cli", "erasure", f"contact:{an_id(ANN)}", after='{"reason": "topics: all"}')
    chosen, reasons = choices(a_contact(ANN)), "suppressed: unsubscribed"
    page = AuditEntry("p", NOW, "reader", "page", "preferences", receipt.subject, chosen, chosen, DONE)
    left = AuditEntry("u", NOW, "reader", "page", "unsubscribe page", receipt.subject, "not suppressed", reasons, DONE)
    among = AuditEntry("s", NOW, "bob", "cli", "suppression add", f"contacts:{an_id('bob@x.example')} {an_id(ANN)}")
    for each in (receipt, page, left, among):
        await stores.audit.add(each)
    assert {each["_id"] for each in await traced.of(PERSON)} == {"r", "p", "u", "s"}
    assert await traced.erase(PERSON) == 0
    assert set(await stores.audit.find(AuditQuery())) == {receipt, replace(page, before=None, after=None), left, among}
