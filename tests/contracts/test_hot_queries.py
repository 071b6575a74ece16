"""What workers ask MongoDB again and again is answered by an index, and each index answers something.

MongoDB's own profiler tells how it found what it was asked for, so that the queries here are the ones that run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.activity import Wanted
from domain.audit import AuditEntry, AuditQuery
from domain.campaign import CampaignStatus
from domain.email import EmailState
from domain.erasure import Erasure, Person
from domain.feed import Entry
from domain.filter_hints import Holds
from domain.inbound_mail import Unattributed
from domain.parked import Which
from domain.record import Projected
from domain.series import SeriesStatus
from domain.slices import KeyRange
from domain.sync import SyncStatus
from domain.test_mail import TestOutcome, TestState
from repositories.aging import ParkedMessages, Whole
from repositories.connection import Document
from repositories.indexes import INDEXES, Index, ensure_indexes
from repositories.stores import Stores
from repositories.traces.picked import SelectionTraces
from tests.builders import (
    ADDRESS_KEY,
    NOW,
    a_campaign,
    a_member,
    a_parked_message,
    a_record,
    a_run,
    a_stored_event,
    a_suppression,
    a_sync,
    an_email,
    an_event,
    an_id,
    an_outcome,
    emails,
    later,
)  # fmt: skip
from tests.series_builders import a_series, an_entry

ANN = "ann@example.com"
PERSON = Person.of(an_id(ANN), ANN, ["Leads:1"], ADDRESS_KEY)
MANY = 30
WANTED = Wanted("delivered", frozenset({"opened", "clicked"}), frozenset({"Responded"}), frozenset({"Leads"}))
RANGE = KeyRange(0, "", "Leads:9", "Leads")


@dataclass(frozen=True)
class Asked:
    ask: Callable[[Stores], Awaitable[Any]]
    index: str | None  #: "collection: keys" of INDEXES; None: the _id, or as few as there are syncs


async def _all(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


ASKED: Mapping[str, Asked] = {
    "records of a window": Asked(lambda s: s.records.load(["Leads:1", "Leads:2"]), None),
    "records stored": Asked(lambda s: s.records.save([a_record("1", revision=1), a_record("7")]), None),
    "records marked": Asked(lambda s: s.records.mark_projected([a_record("1", revision=1)]), None),
    "records of a slice": Asked(lambda s: s.records.within(RANGE), None),
    "records sifted for a filter": Asked(lambda s: s.records.sifted(RANGE, Holds("City", "rome")), None),
    "marks of a slice": Asked(lambda s: s.records.marks_within(RANGE), None),
    "keys of a module": Asked(lambda s: _all(s.records.keys("Leads")), None),
    "records of a person": Asked(lambda s: s.records.about(an_id(ANN), ANN), "records: projected.contact_id"),
    "number of records": Asked(lambda s: s.records.count("Leads"), "records: module deleted"),
    "contacts of a window": Asked(lambda s: s.contacts.load([an_id(ANN)]), None),
    "revisions of contacts": Asked(lambda s: s.contacts.revisions([an_id(ANN)]), None),
    "contacts of a batch": Asked(lambda s: s.contacts.for_sending([an_id(ANN)]), None),
    "contacts of a slice": Asked(lambda s: s.contacts.for_planning([an_id(ANN)]), None),
    "contacts stored": Asked(lambda s: s.contacts.save([a_member(revision=1), a_member("x@example.com")]), None),
    "members of a list": Asked(lambda s: _all(s.contacts.members("news")), "contacts: memberships.list _id"),
    "members of a slice": Asked(
        lambda s: s.contacts.members_within("news", KeyRange(0, "", "f" * 32, "news")), "contacts: memberships.list _id"
    ),
    "a page of members": Asked(lambda s: s.contacts.page("news"), "contacts: memberships.list _id"),
    "number of members": Asked(lambda s: s.contacts.count("news"), "contacts: memberships.list _id"),
    "who joined a list lately": Asked(
        lambda s: _all(s.contacts.joined_since("news", NOW)), "contacts: memberships.list memberships.since"
    ),
    "a sweep of members": Asked(
        lambda s: s.contacts.members_after("news", "", 9), "contacts: memberships.list _id"
    ),
    "the series that run": Asked(lambda s: s.series.in_status([SeriesStatus.RUNNING]), "series: status"),
    "whose turn it is": Asked(lambda s: s.series_entries.due("welcome", NOW, 9), "series_entries: series_id next_at"),
    "who is woken": Asked(lambda s: s.series_entries.wake("welcome", [an_id(ANN)], NOW), "series_entries: contact_id"),
    "who waits for a message": Asked(
        lambda s: s.series_entries.wake_waiting("welcome", "hello", NOW), "series_entries: series_id waits"
    ),
    "last entries": Asked(lambda s: s.series_entries.latest("welcome", [an_id(ANN)]), "series_entries: contact_id"),
    "entries stored": Asked(lambda s: s.series_entries.save([an_entry(revision=1)]), None),
    "numbers of a series": Asked(lambda s: s.series_entries.counts("welcome"), None),
    "suppressed people": Asked(lambda s: s.suppressions.of([an_id(ANN)]), None),
    "active syncs": Asked(lambda s: s.syncs.active(["Leads"]), "syncs: status module"),
    "the last run of a sync": Asked(lambda s: s.sync_runs.latest("leads"), "sync_runs: subject -started_at"),
    "who holds a list": Asked(lambda s: s.sync_runs.holder(["sync:leads"]), "sync_runs: holds"),
    "a slice of a run": Asked(lambda s: s.sync_runs.slice("leads-r1", 0), None),
    "a slice that is done": Asked(lambda s: s.sync_runs.finish_slice("leads-r1", "records", 0, {"new": 1}), None),
    "the last review": Asked(lambda s: s.review_runs.latest("spring"), "review_runs: subject -started_at"),
    "campaigns of the scheduler": Asked(
        lambda s: s.campaigns.in_status([CampaignStatus.SENDING], since=NOW), "campaigns: status status_at"
    ),
    "campaigns of the feed": Asked(lambda s: s.feed_marks.campaigns(9), "campaigns: feed"),
    "emails of the feed": Asked(lambda s: s.feed_marks.emails(9), "emails: feed"),
    "suppressions of the feed": Asked(lambda s: s.feed_marks.suppressions(9), "suppressions: feed"),
    "sync runs of the feed": Asked(lambda s: s.feed_marks.runs(9), "sync_runs: feed"),
    "what is not published": Asked(lambda s: s.outbox.unpublished(9), "outbox: waiting stream number"),
    "how far publishing is behind": Asked(lambda s: s.outbox.lag(), "outbox: waiting stream number"),
    "the last number of a stream": Asked(lambda s: s.outbox.heads(["contacts"]), "outbox: stream number"),
    "the last numbers of all streams": Asked(lambda s: s.outbox.latest(), "outbox: stream number"),
    "a replay of the feed": Asked(lambda s: s.outbox.within("contacts", 1, None, 9), "outbox: stream number"),
    "what the feed keeps of people": Asked(lambda s: s.outbox.anonymise([an_id(ANN)]), "outbox: contact_id"),
    "an outcome": Asked(lambda s: s.emails.store([an_outcome(an_email())]), None),
    "a delivery event": Asked(lambda s: s.emails.apply([an_event(an_email())]), None),
    "emails of a slice": Asked(lambda s: s.emails.due_in_slice("spring", 0), "emails: campaign_id slice next_at"),
    "slices with open emails": Asked(lambda s: s.emails.open_slices("spring"), None),
    "emails that are due": Asked(lambda s: s.emails.due("spring", NOW, 10), "emails: campaign_id slice next_at"),
    "emails of an address": Asked(lambda s: s.emails.of_addresses("spring", [ANN]), "emails: campaign_id identity"),
    "the books": Asked(lambda s: s.emails.books("spring", 1), "emails: campaign_id state reason"),
    "harm": Asked(lambda s: s.emails.harm("spring"), "emails: campaign_id bounced"),
    "complaints": Asked(lambda s: s.emails.harm("spring"), "emails: campaign_id times.complained"),
    "the summary": Asked(lambda s: s.emails.summary("spring"), None),
    "the people behind a number": Asked(lambda s: _all(s.emails.activity("spring", "clicked")), None),
    "people by what became of them": Asked(lambda s: _all(s.emails.people("spring", WANTED, chosen="Planned")), None),
    "figures of a report": Asked(lambda s: s.figures.of("spring"), "events: email_id at"),
    "rows to be judged again": Asked(lambda s: _all(s.emails.judged("spring")), None),
    "bounces to be judged again": Asked(lambda s: _all(s.events.bounced("spring")), "events: email_id at"),
    "all emails of a person": Asked(lambda s: s.emails.of_people([an_id(ANN)]), "emails: contact_id"),
    "who of some is picked": Asked(lambda s: s.selections.holding("k", ["Leads:1"]), "selections: selection refs"),
    "chunks of a selection": Asked(lambda s: s.selections.numbers("k"), None),
    "selections left behind": Asked(
        lambda s: s.selections.forget("spring", before=1, keep="k"), "selections: campaign_id revision"
    ),
    "which of some campaigns are offline": Asked(lambda s: s.campaigns.offline(["spring"]), None),
    "what went offline with the integration": Asked(lambda s: s.campaigns.left(NOW), "campaigns: status status_at"),
    "whether the CRM is linked": Asked(lambda s: s.integrations.get(), None),
    "ids of all campaigns": Asked(lambda s: s.campaigns.ids(), None),
    "a claim": Asked(lambda s: s.slices.claim("spring", 0, "a", 60), None),
    "slices that nobody holds any more": Asked(
        lambda s: s.slices.abandoned("spring"), "slices: campaign_id state number"
    ),
    "events of an email": Asked(lambda s: s.events.of_email(an_email().id), "events: email_id at"),
    "imports": Asked(lambda s: s.imports.latest(), "imports: -started_at _id"),
    "parked messages": Asked(lambda s: s.parked.page(Which(queue="send-batch")), "parked: queue -parked_at"),
    "parked messages by kind": Asked(lambda s: s.parked.tally(), "parked: queue reason"),
    "the audit log": Asked(lambda s: s.audit.find(AuditQuery()), "audit: -at _id"),
    "the audit log of a campaign": Asked(
        lambda s: s.audit.find(AuditQuery("campaign:spring")), "audit: subject -at _id"
    ),
    "old parked messages": Asked(lambda s: ParkedMessages(s.database).forget(NOW, "", 9), "parked: parked_at"),
    "selections with a person": Asked(
        lambda s: SelectionTraces(s.database).erase(PERSON), "selections: selection refs"
    ),
    "unattributed reports": Asked(lambda s: s.unattributed.of_contact(an_id(ANN)), "unattributed: contact_ids"),
    "the newest unattributed reports": Asked(lambda s: s.unattributed.newest(None, 5), "unattributed: at"),
    "old test mails": Asked(lambda s: Whole(s.database, "test_mails").forget(NOW, "", 9), "test_mails: at"),
    "erasures that are looked at again": Asked(lambda s: s.erasures.due(NOW, 9), "erasures: again_at"),
    "limits": Asked(lambda s: s.throttles.limited(), "throttles: limited"),
}  # fmt: skip


@pytest.fixture
async def stores(mongo_database: AsyncIOMotorDatabase[Document]) -> Stores:
    """Enough in each collection that an index pays: of an empty one MongoDB makes no plan, of few any plan is best."""
    await ensure_indexes(mongo_database)
    found = Stores.of(mongo_database)
    await found.records.save([a_record(str(n), projected=Projected(1, "c")) for n in range(5)])
    await found.contacts.save([a_member(), a_member("bea@example.com", "more")])
    old = {"list": "news", "sources": [], "since": later(-86_400)}
    await _copies(mongo_database, "contacts", memberships=[old])
    await found.suppressions.add([a_suppression()])
    await found.syncs.save(a_sync())
    await found.sync_runs.create(a_run(holds=frozenset({"sync:leads"})))
    await found.review_runs.create(a_run("spring-r1", subject="spring"))
    await found.campaigns.add(replace(a_campaign(), status=CampaignStatus.SENDING))
    planned = [replace(email, slice=number % 20) for number, email in enumerate(emails(10 * MANY))]
    await found.emails.plan([an_email(), *planned, *emails(MANY, "autumn")])
    await found.emails.store([an_outcome(email, EmailState.HARD_BOUNCED) for email in planned[:MANY]])
    await found.emails.store([an_outcome(email) for email in planned[MANY : 5 * MANY]])
    await found.slices.plan("spring", [0, 1])
    for number in range(MANY):
        await found.selections.put("k", number, [f"Leads:{number}"], campaign_id=f"c{number}", revision=1)
    told = [Entry(f"e{n}", f"s{n % 9}", "contact-replied", NOW, {}, f"c{n}", n // 9 + 1) for n in range(10 * MANY)]
    await found.outbox.append([*told, Entry("e", "contacts", "contact-replied", NOW, {}, an_id(ANN), 1)], NOW)
    for number in range(9):
        await found.outbox.published(f"s{number}", 10 * MANY)
    await found.sync_runs.end("leads-r1", NOW)
    await found.sync_runs.create(a_run("leads-r2", holds=frozenset({"sync:leads"})))
    await found.events.add([a_stored_event()])
    await found.parked.park(a_parked_message())
    await found.audit.add(AuditEntry("1", NOW, "ann", "cli", "campaign pause", "campaign:spring"))
    await found.unattributed.add([Unattributed("r1", NOW, "bounce", "dsn", "no_token", (an_id(ANN),), "")])
    await found.test_mails.save([TestOutcome("t1", ANN, TestState.TAKEN, NOW)])
    await found.erasures.begin(Erasure(an_id(ANN), NOW, again_at=NOW))
    await found.series.add(a_series())
    crowd = [an_entry(f"e{n}@example.com", series_id=f"s{n % 9}", next_at=later(n)) for n in range(10 * MANY)]
    await found.series_entries.enter([an_entry(waits=frozenset({"hello"})), *crowd])
    await _copies(mongo_database, "series", status=SeriesStatus.STOPPED)
    await _copies(mongo_database, "syncs", status=SyncStatus.PAUSED)
    await _copies(mongo_database, "campaigns", status=CampaignStatus.SENT)
    return found


async def _copies(database: AsyncIOMotorDatabase[Document], collection: str, **changes: Any) -> None:
    document = await database[collection].find_one({})
    assert document is not None
    await database[collection].insert_many([{**document, **changes, "_id": f"copy {n}"} for n in range(MANY)])


@pytest.mark.parametrize("name", ASKED)
async def test_a_hot_query_scans_no_collection(stores: Stores, name: str) -> None:
    asked = ASKED[name]
    plans = await _plans(stores.database, lambda: asked.ask(stores))
    assert plans, "nothing was asked"
    assert not [plan for plan in plans if "COLLSCAN" in plan]
    if asked.index:
        assert any(_of(index) in plan for plan in plans for index in INDEXES if _named(index) == asked.index), plans


def test_each_index_is_documented_with_a_query_that_it_serves() -> None:
    assert {_named(index) for index in INDEXES} == {asked.index for asked in ASKED.values() if asked.index}
    assert all(index.serves for index in INDEXES)


async def _plans(database: AsyncIOMotorDatabase[Document], ask: Callable[[], Awaitable[Any]]) -> list[str]:
    """How MongoDB found the documents of each command: "collection: IXSCAN { key: 1 }", or IDHACK."""
    await database.command("profile", 2)
    await ask()
    await database.command("profile", 0)
    seen = database["system.profile"].find({"planSummary": {"$exists": True}, "ns": {"$not": {"$regex": "profile$"}}})
    return [f"{each['ns'].partition('.')[2]}: {each['planSummary']}" async for each in seen]


def _named(index: Index) -> str:
    return f"{index.collection}: {' '.join(index.keys)}"


def _of(index: Index) -> str:
    """As MongoDB writes it."""
    keys = ", ".join(f"{key.removeprefix('-')}: {-1 if key.startswith('-') else 1}" for key in index.keys)
    return f"{{ {keys} }}"
