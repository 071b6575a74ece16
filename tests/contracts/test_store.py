"""What all collections stand on: the connector, the indexes, and what is said when MongoDB is away."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.email import EmailState
from domain.errors import InvalidMessage, StoreUnavailable
from repositories.campaigns import MongoCampaigns
from repositories.connection import Document, collection, connect, ping
from repositories.contacts import MongoContacts
from repositories.email_numbers import HARM, TRIED
from repositories.emails import MongoEmails
from repositories.indexes import INDEXES, IndexMismatch, ensure_indexes
from repositories.records import MongoRecords
from repositories.slices import MongoSlices
from tests.builders import NOW, a_campaign, a_contact, a_record, an_email, an_event, an_outcome, emails

Database = AsyncIOMotorDatabase[Document]


@pytest.fixture
def nobody() -> str:
    """The URL of a port where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"mongodb://127.0.0.1:{taken.getsockname()[1]}/?directConnection=true"


async def test_the_connector_reaches_the_replica_set(mongo_url: str, database_name: str) -> None:
    database = connect(mongo_url, database_name)
    assert (await ping(database)).split(".")[0].isdigit()
    await MongoCampaigns(database).add(a_campaign())
    stored = await MongoCampaigns(database).get("spring")
    assert stored is not None
    assert stored.created_at == NOW
    database.client.close()


async def test_collections_are_written_by_majority_and_read_in_utc(mongo_database: Database) -> None:
    chosen = collection(mongo_database, "records")
    assert chosen.write_concern.document["w"] == "majority"
    assert chosen.read_concern.level == "majority"
    assert chosen.codec_options.tz_aware


async def test_an_absent_server_is_said_quickly(nobody: str) -> None:
    database = connect(nobody, "none", timeout_s=0.2)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="MongoDB does not answer") as raised:
        await ping(database)
    assert time.monotonic() - began < 25
    assert "Topology" not in str(raised.value)
    assert raised.value.__cause__ is not None
    database.client.close()


async def test_every_kind_of_call_says_that_the_server_is_away(nobody: str) -> None:
    database = connect(nobody, "none", timeout_s=0.05)
    calls = [
        MongoRecords(database).load(["Leads:1"]),
        MongoRecords(database).save([a_record()]),
        anext(aiter(MongoRecords(database).keys("Leads"))),
        MongoContacts(database).count("news"),
        MongoCampaigns(database).add(a_campaign()),
        MongoEmails(database).store([an_outcome(an_email())]),
        MongoEmails(database).apply([an_event(an_email())]),
        MongoEmails(database).books("spring", 1),
        MongoSlices(database).claim("spring", 0, "a", 60),
        ensure_indexes(database),
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * len(calls)
    database.client.close()


async def test_wrong_credentials_are_the_stores_refusal_not_a_bug(mongo_url: str) -> None:
    database = connect(mongo_url.replace("mongodb://", "mongodb://eve:wrong@"), "none", timeout_s=20)
    with pytest.raises(StoreUnavailable, match="refuses this user and password"):
        await ping(database)
    database.client.close()


@pytest.mark.parametrize("url", ["", "http://x", "mongodb://", "mongodb://host:port"])
def test_an_url_that_is_none_is_said_so(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="MongoDB cannot be connected to"):
        connect(url, "none")


def test_a_certificate_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="MongoDB cannot be connected to"):
        connect("mongodb://127.0.0.1", "none", ca_file=tmp_path / "missing.pem")


async def test_a_document_that_is_too_large_is_nobodys_outage(mongo_database: Database) -> None:
    with pytest.raises(InvalidMessage):
        await MongoRecords(mongo_database).save([a_record("1", {"Notes": "x" * 17_000_000})])


async def test_indexes_are_created_once_and_stay(mongo_database: Database) -> None:
    await ensure_indexes(mongo_database)
    await ensure_indexes(mongo_database)
    for index in INDEXES:
        keys = [tuple(each["key"]) async for each in mongo_database[index.collection].list_indexes()]
        assert tuple(key.removeprefix("-") for key in index.keys) in keys


MEMBERS = {"find": "contacts", "filter": {"memberships.list": "n"}, "projection": {"_id": 1}, "sort": {"_id": 1}}
DUE = {"find": "emails", "filter": {"campaign_id": "a", "slice": -1, "state": "deferred"}, "sort": {"next_at": 1}}
BOOKS = {
    "aggregate": "emails",
    "pipeline": [{"$match": {"campaign_id": "a"}}, {"$group": {"_id": {"state": "$state", "reason": "$reason"}}}],
    "cursor": {},
}
PARKED = {"find": "parked", "filter": {"queue": "a"}, "sort": {"parked_at": -1}}


HARD = {"count": "emails", "query": {"campaign_id": "a", **HARM["hard_bounced"]}}
FAULTS = {"count": "emails", "query": {"campaign_id": "a", **HARM["sender_faults"]}}
TRIED_ROWS = {"count": "emails", "query": {"campaign_id": "a", **TRIED}}
HEADS = {
    "aggregate": "slices",
    "pipeline": [
        {"$match": {"campaign_id": "a", "state": {"$in": ["planned", "claimed", "started"]}}},
        {"$group": {"_id": {"$mod": ["$number", 32]}, "head": {"$min": "$number"}}},
    ],
    "cursor": {},
}


HOLDER = {"find": "sync_runs", "filter": {"holds": {"$in": ["Leads>news", "sync:leads"]}}}
ASKED = {"find": "sync_runs", "filter": {"subject": "leads", "requests": "crm 1"}}
HISTORY = {"find": "sync_runs", "filter": {"subject": "leads"}, "sort": {"started_at": -1, "_id": -1}, "limit": 20}
MODULE_KEYS = {
    "find": "records", "filter": {"_id": {"$gt": "Leads:", "$lt": "Leads;"}}, "projection": {"_id": 1},
    "sort": {"_id": 1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "stage"),
    [
        (HOLDER, "COLLSCAN"), (ASKED, "COLLSCAN"), (HISTORY, "COLLSCAN"), (MODULE_KEYS, "FETCH"),
        (MEMBERS, "FETCH"), (DUE, "SORT"), (BOOKS, "FETCH"), (PARKED, "SORT"), (HARD, "FETCH"), (FAULTS, "FETCH"),
        (TRIED_ROWS, "FETCH"), (HEADS, "FETCH"),
    ],
)  # fmt: skip
async def test_large_collections_answer_from_their_indexes(
    mongo_database: Database, query: dict[str, Any], stage: str
) -> None:
    await ensure_indexes(mongo_database)
    await MongoContacts(mongo_database).save([a_contact()])
    await MongoEmails(mongo_database).plan([an_email(campaign_id="a")])
    plan = (await mongo_database.command("explain", query))["queryPlanner"]["winningPlan"]
    stages = list(stages_of(plan))
    assert {"IXSCAN", "COUNT_SCAN"} & set(stages)
    assert stage not in stages


@pytest.mark.parametrize(
    ("harm", "keys"),
    [("bounced_later", ["campaign_id", "bounced"]), ("complaints", ["campaign_id", "times.complained"])],
)
async def test_what_breakers_look_for_is_in_an_index_of_its_own(
    mongo_database: Database, harm: str, keys: list[str]
) -> None:
    """Of the rows that came to no harm there is nothing in it."""
    await ensure_indexes(mongo_database)
    harmed = {"bounced": EmailState.HARD_BOUNCED, "times": {"bounced": NOW, "complained": NOW}}
    rows = emails(300, "a", state=EmailState.SENT)
    await MongoEmails(mongo_database).plan([replace(rows[0], **harmed), *rows[1:]])  # type: ignore[arg-type]
    query = {"count": "emails", "query": {"campaign_id": "a", **HARM[harm]}}
    plan = (await mongo_database.command("explain", query))["queryPlanner"]["winningPlan"]
    assert list(indexes_of(plan)) == [keys]


def indexes_of(plan: dict[str, Any]) -> list[list[str]]:
    inner = [plan[name] for name in ("inputStage", "queryPlan") if name in plan]
    own = [list(plan["keyPattern"])] if "keyPattern" in plan else []
    return own + [keys for each in inner for keys in indexes_of(each)]


def stages_of(plan: dict[str, Any]) -> list[str]:
    inner = [plan[name] for name in ("inputStage", "queryPlan") if name in plan]
    return [stage for each in inner for stage in stages_of(each)] + ([plan["stage"]] if "stage" in plan else [])


async def test_an_index_that_exists_differently_is_named(mongo_database: Database) -> None:
    await mongo_database["campaigns"].create_index([("status", 1), ("status_at", 1)], name="by_hand")
    with pytest.raises(IndexMismatch, match=r"collection campaigns: .*by_hand.*drop that index and try again"):
        await ensure_indexes(mongo_database)
