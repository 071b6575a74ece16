"""What grows too old, in MongoDB: what goes as a whole, and what loses its words and is counted as before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from config.retention import RetentionSettings
from domain.audit import AuditEntry
from domain.email import EarlierEnd, EmailState
from domain.erasure import GONE
from domain.inbound_mail import Unattributed
from domain.retention import Position, Step, Stock
from domain.ruling import Ruling
from domain.test_mail import TestOutcome, TestState
from repositories.aging import Aging, MongoPositions, aging
from repositories.connection import Document
from repositories.indexes import ensure_indexes
from repositories.stores import Stores
from tests.builders import NOW, a_parked_message, a_reply, a_run, a_stored_event, an_email, an_outcome, later
from workers.retention import days

BOUNCE = Ruling(EmailState.HARD_BOUNCED, "user_unknown", "r", dead=True)
SOON = later(3600)


@pytest.fixture
async def stores(mongo_database: AsyncIOMotorDatabase[Document]) -> Stores:
    await ensure_indexes(mongo_database)
    return Stores.of(mongo_database)


def kind(stores: Stores, name: str) -> Aging:
    return next(each for each in aging(stores.database) if each.kind == name)


async def all_gone(each: Aging, before: datetime, at_once: int = 2) -> int:
    """Slice by slice to the end of the round."""
    after: str | None = ""
    changed = 0
    while after is not None:
        step = await each.forget(before, after, at_once)
        changed, after = changed + step.changed, step.after
    return changed


async def old_and_new(stores: Stores) -> None:
    """Of each kind an old one and a new one."""
    for number, at in enumerate((NOW, later(7200))):
        await stores.audit.add(AuditEntry(str(number), at, "ann", "cli", "campaign pause"))
        await stores.unattributed.add([Unattributed(str(number), at, "bounce", "dsn", "no_token", (), "x")])
        await stores.test_mails.save([TestOutcome(str(number), "ann@x.example", TestState.TAKEN, at)])
        body = b"y" * 1_100_000 if number == 0 else b"{}"
        await stores.parked.park(a_parked_message(str(number), parked_at=at, body=body))


@pytest.mark.parametrize("name", ["audit", "unattributed", "test_mails", "parked"])
async def test_what_is_too_old_goes_and_what_is_not_stays(stores: Stores, name: str) -> None:
    await old_and_new(stores)
    each = kind(stores, name)
    assert await each.view(SOON) == Stock(2, NOW, 1)
    assert await all_gone(each, SOON) == 1
    assert await each.view(SOON) == Stock(1, later(7200), 0)
    assert await each.view(None) == Stock(1, later(7200), 0)
    assert await stores.database["parked_bodies.files"].count_documents({}) == (0 if name == "parked" else 1)


async def test_the_last_report_of_a_sync_stays_however_old_it_is(stores: Stores) -> None:
    for number in range(3):
        run = a_run(f"leads-r{number}", started_at=later(number))
        await stores.sync_runs.create(run)
        await stores.sync_runs.end(run.id, later(number + 1))
    await stores.sync_runs.create(a_run("open", started_at=NOW))
    await stores.feed_marks.runs_told(await stores.feed_marks.runs(9))
    assert await all_gone(kind(stores, "sync_runs"), SOON) == 2
    assert {run.id for run in await stores.sync_runs.history("leads", 9)} == {"leads-r2", "open"}


async def test_reports_that_stay_do_not_keep_newer_ones_from_going(stores: Stores) -> None:
    """The last reports of syncs that nobody runs any more are the oldest there are."""
    for number, sync in enumerate(("a", "b", "c", "leads", "leads")):
        run = a_run(f"{sync}-r{number}", subject=sync, started_at=later(number))
        await stores.sync_runs.create(run)
        await stores.sync_runs.end(run.id, NOW if number < 3 else later(number))
    await stores.feed_marks.runs_told(await stores.feed_marks.runs(9))
    assert await all_gone(kind(stores, "sync_runs"), SOON) == 1
    assert [run.id for run in await stores.sync_runs.history("leads", 9)] == ["leads-r4"]


async def test_events_lose_their_words_and_keep_their_verdict_and_link(stores: Stores) -> None:
    evidence: dict[str, str | int] = {"code": 550, "text": "<ann@x.example> unknown", "raw": "To: Ann"}
    told = a_stored_event(
        "e1", event="bounced", evidence=evidence, url="https://x.example", user_agent="Mozilla", ruling=BOUNCE
    )
    await stores.events.add([told, replace(told, id="e2", at=later(7200)), a_stored_event("e3"), a_stored_event("e4")])
    assert (await kind(stores, "events").view(SOON)).due == 1
    assert await all_gone(kind(stores, "events"), SOON) == 1
    assert await all_gone(kind(stores, "events"), SOON) == 0
    found = {each.id: each for each in await stores.events.of_email(told.email_id)}
    assert found["e1"] == replace(told, evidence={"code": 550, "text": GONE}, user_agent=None)
    assert found["e2"].evidence == evidence


async def test_rows_lose_what_servers_answered_and_keep_all_else(stores: Stores) -> None:
    ann, bob = an_email(), an_email("bob@example.com")
    earlier = EarlierEnd(NOW, "eve", EmailState.FAILED, "policy", reply=a_reply(550, "no"))
    await stores.emails.plan([replace(ann, earlier=(earlier,)), bob])
    await stores.emails.store([an_outcome(ann, reply=a_reply()), an_outcome(bob, at=later(7200), reply=a_reply())])
    before = {row.id: row for row in await stores.emails.load([ann.id, bob.id])}
    assert await kind(stores, "emails").view(SOON) == Stock(2, before[ann.id].state_at, 1)
    assert await all_gone(kind(stores, "emails"), SOON, at_once=1) == 1
    after = {row.id: row for row in await stores.emails.load([ann.id, bob.id])}
    silent = replace(earlier, reply=a_reply(550, GONE))
    assert after[ann.id] == replace(before[ann.id], reply=a_reply(250, GONE), earlier=(silent,))
    assert after[bob.id] == before[bob.id]


async def test_positions_are_kept(stores: Stores) -> None:
    positions = MongoPositions(stores.database)
    await positions.save(Position("events", "e7"))
    await positions.save(Position("audit", "", NOW + timedelta(hours=6)))
    await positions.save(Position("events", "e9"))
    assert await positions.load() == {
        "events": Position("events", "e9"),
        "audit": Position("audit", "", NOW + timedelta(hours=6)),
    }


async def test_what_mongodb_removed_by_itself_is_left_to_the_settings(
    mongo_database: AsyncIOMotorDatabase[Document],
) -> None:
    await mongo_database["test_mails"].create_index("expires_at", expireAfterSeconds=0)
    await ensure_indexes(mongo_database)
    await ensure_indexes(mongo_database)
    found: dict[str, Any] = await mongo_database["test_mails"].index_information()
    assert found.keys() == {"_id_", "at_1"}


async def test_each_kind_has_a_setting(stores: Stores) -> None:
    assert {each.kind for each in aging(stores.database)} == days(RetentionSettings()).keys()


async def test_of_no_documents_there_is_nothing_to_forget(stores: Stores) -> None:
    for each in aging(stores.database):
        assert await each.forget(SOON, "", 5) == Step(0, None)
        assert await each.view(SOON) == Stock(0, None, 0)


@pytest.mark.parametrize(("name", "date"), [("events", "at"), ("audit", "at")])
async def test_of_very_many_what_goes_next_is_reckoned_from_a_sample(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, name: str, date: str
) -> None:
    """Counting all of them would take longer than anybody waits."""
    for limit, most in {"MOST_COUNTED": 30, "MOST_READ": 30, "SAMPLE": 20}.items():
        monkeypatch.setattr(f"repositories.aging.{limit}", most)
    documents = stores.database[name]
    await documents.insert_many([{"_id": str(n), date: later(n), "user_agent": "x"} for n in range(30)])
    assert await kind(stores, name).view(later(15)) == Stock(30, NOW, 15)
    await documents.insert_many([{"_id": f"new{n}", date: later(9999), "user_agent": "x"} for n in range(30)])
    found = await kind(stores, name).view(later(15))
    assert (found.documents, found.estimated) == (60, True)
    assert 0 <= found.due <= 45, "three times what is in the sample, of 15 at most"
    assert (await kind(stores, name).view(later(-9))).due == 0
    assert (await kind(stores, name).view(later(99999))).due == 60
