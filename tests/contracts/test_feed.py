"""One suite over the outbox and the replays in memory and in MongoDB; and that every write marks what it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.campaign import CampaignStatus
from domain.eligibility import SuppressionReason
from domain.email import EmailState, Mark, ServiceStatus
from domain.errors import Conflict
from domain.feed import Entry, Lag, MarkedEmail, Replay, Told, numbered
from domain.reclassification import Rejudged
from domain.webhook import Position
from repositories.connection import Document
from repositories.indexes import ensure_indexes
from repositories.stores import Stores
from tests.builders import NOW, a_campaign, a_run, a_suppression, an_email, an_event, an_outcome, later
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.replays import MemoryReplays
from tests.fakes.webhook_positions import MemoryWebhookPositions

Database = AsyncIOMotorDatabase[Document]
ANN, BOB = an_email(), an_email("bob@example.com")


@dataclass(frozen=True)
class World:
    outbox: Any
    replays: Any
    positions: Any


@pytest.fixture(params=["memory", "mongo"])
def database(request: pytest.FixtureRequest) -> Database | None:
    """None: in memory."""
    return request.getfixturevalue("mongo_database") if request.param == "mongo" else None


@pytest.fixture
async def world(database: Database | None) -> World:
    if database is None:
        return World(MemoryOutbox(), MemoryReplays(), MemoryWebhookPositions())
    await ensure_indexes(database)
    stores = Stores.of(database)
    return World(stores.outbox, stores.replays, stores.webhook_positions)


@pytest.fixture
def stores(mongo_database: Database) -> Stores:
    return Stores.of(mongo_database)


def entries(count: int, stream: str = "contacts", *, after: int = 0) -> list[Entry]:
    data = {"address": "ann@example.com", "records": ["Leads:1"], "because": "x"}
    found = [Entry(f"{stream}-{after + n}", stream, "contact-replied", NOW, data, "ann") for n in range(1, count + 1)]
    return numbered(found, {stream: after})


async def test_what_was_appended_is_there_unpublished_by_stream_and_number(world: World) -> None:
    both = [*entries(2, "syncs"), *entries(2)]
    await world.outbox.append(both, NOW)
    assert await world.outbox.unpublished(9) == sorted(both, key=lambda each: (each.stream, each.number))
    assert await world.outbox.heads(["contacts", "syncs", "new"]) == {"contacts": 2, "syncs": 2, "new": 0}
    assert await world.outbox.known(["contacts-1", "other"]) == {"contacts-1": both[2]}


async def test_a_number_is_given_once_and_what_comes_behind_a_refused_one_is_not_stored(world: World) -> None:
    await world.outbox.append(entries(2), NOW)
    late = [replace(entry, id=f"late {entry.id}") for entry in entries(2, after=1)]
    with pytest.raises(Conflict):
        await world.outbox.append(late, NOW)
    with pytest.raises(Conflict):
        await world.outbox.append([replace(entries(1)[0], number=3)], NOW)
    assert await world.outbox.heads(["contacts"]) == {"contacts": 2}


async def test_only_what_is_published_is_replayed(world: World) -> None:
    found = entries(5)
    await world.outbox.append(found, NOW)
    await world.outbox.published("contacts", 4)
    assert await world.outbox.within("contacts", 2, None, 9) == found[1:4]
    assert await world.outbox.within("contacts", 2, 3, 9) == found[1:3]
    assert await world.outbox.within("contacts", 1, None, 2) == found[:2]
    assert await world.outbox.unpublished(9) == found[4:]


async def test_what_is_old_and_published_is_forgotten_and_its_numbers_are_not_given_again(world: World) -> None:
    await world.outbox.append(entries(3), NOW)
    await world.outbox.published("contacts", 2)
    assert await world.outbox.forget(NOW) == 0
    assert await world.outbox.forget(later(1)) == 2
    await world.outbox.published("contacts", 3)
    assert await world.outbox.forget(later(1)) == 1
    assert await world.outbox.heads(["contacts"]) == {"contacts": 3}


async def test_of_a_person_who_is_erased_nothing_personal_is_kept(world: World) -> None:
    """What waits, what was published, and what stands between others' keeps its number."""
    bobs = replace(entries(1, after=1)[0], contact_id="bob")
    await world.outbox.append([*entries(1), bobs, *entries(1, after=2)], NOW)
    await world.outbox.published("contacts", 1)
    assert await world.outbox.anonymise(["ann", "nobody"]) == 2
    replayed, waiting = await world.outbox.within("contacts", 1, None, 9), await world.outbox.unpublished(9)
    assert [(each.number, each.data) for each in [*replayed, *waiting]] == [(1, {}), (2, bobs.data), (3, {})]
    assert await world.outbox.heads(["contacts"]) == {"contacts": 3}


async def test_a_replay_is_open_until_it_has_ended(world: World) -> None:
    asked = Replay("r1", "contacts", 2, asked_at=NOW)
    await world.replays.add(asked)
    await world.replays.add(replace(asked, first=1))
    assert await world.replays.open() == [asked]
    waits = asked.held_up("full", later(1))
    await world.replays.save(waits)
    assert await world.replays.open() == [waits]
    ended = replace(asked, next=4, ended_at=later(1), ended_because="no queue")
    await world.replays.save(ended)
    assert (await world.replays.open(), await world.replays.get("r1")) == ([], ended)
    await world.replays.forget(NOW + timedelta(days=1))
    assert await world.replays.get("r1") is None


async def test_the_last_number_of_each_stream_is_told(world: World) -> None:
    assert await world.outbox.latest() == {}
    await world.outbox.append([*entries(3), *entries(2, "syncs")], NOW)
    assert await world.outbox.latest() == {"contacts": 3, "syncs": 2}


async def test_a_position_of_the_webhook_is_moved_by_who_has_read_it_last(world: World) -> None:
    first = await world.positions.save(Position("contacts", 1))
    moved = await world.positions.save(replace(first, number=2, failures=1, next_at=NOW, why="x", parked=(2,)))
    with pytest.raises(Conflict):
        await world.positions.save(replace(first, number=9))
    assert await world.positions.load() == {"contacts": moved}


def _rejudged(row: Any) -> Rejudged:
    return Rejudged(row=row, at=later(9), rule="text:new", state=EmailState.SOFT_BOUNCED, reason="mailbox_full")


BOUNCED = an_outcome(ANN, EmailState.HARD_BOUNCED, reason="user_unknown")
DOUBTED = an_outcome(ANN, EmailState.IN_DOUBT)
#: Writes that change a member status, the last one of each; what comes before is told already.
WRITES: dict[str, tuple[Sequence[Callable[[Stores], Awaitable[Any]]], EmailState]] = {
    "one was sent": ([lambda s: s.emails.store([an_outcome(ANN)])], EmailState.SENT),
    "several were sent": ([lambda s: s.emails.store([an_outcome(ANN), an_outcome(BOB)])], EmailState.SENT),
    "it bounced": ([lambda s: s.emails.store([BOUNCED])], EmailState.HARD_BOUNCED),
    "it was opened": (
        [
            lambda s: s.emails.store([an_outcome(ANN)]),
            lambda s: s.emails.apply([an_event(ANN, service=ServiceStatus.OPENED, proves=EmailState.SENT)]),
        ],
        EmailState.SENT,
    ),
    "an event settles a doubt": (
        [
            lambda s: s.emails.store([DOUBTED]),
            lambda s: s.emails.apply([an_event(ANN, mark=Mark.AUTOREPLIED, proves=EmailState.SENT)]),
        ],
        EmailState.SENT,
    ),
    "a person settles a doubt": (
        [
            lambda s: s.emails.store([DOUBTED]),
            lambda s: s.emails.settle("spring", None, EmailState.SENT, reason=None, by="p", at=NOW),
        ],
        EmailState.SENT,
    ),
    "a verdict is given again": (
        [lambda s: s.emails.store([BOUNCED]), lambda s: _judged_again(s)],
        EmailState.SOFT_BOUNCED,
    ),
    "it is planned once more": (
        [lambda s: s.emails.store([BOUNCED]), lambda s: _planned_again(s)],
        EmailState.PLANNED,
    ),
}  # fmt: skip


async def _judged_again(stores: Stores) -> None:
    await stores.emails.rejudge([_rejudged(await stores.emails.get(ANN.id))])


async def _planned_again(stores: Stores) -> None:
    [row] = await stores.emails.load([ANN.id])
    assert await stores.emails.replan([row], "a person", later(9)) == 1


@pytest.mark.parametrize("name", WRITES)
async def test_each_write_that_changes_a_member_status_marks_the_email(stores: Stores, name: str) -> None:
    steps, state = WRITES[name]
    await stores.emails.plan([ANN, BOB])
    for step in steps:
        await stores.feed_marks.emails_told(await stores.feed_marks.emails(9))
        await step(stores)
    marked = {each.email.id: each for each in await stores.feed_marks.emails(9)}
    assert marked[ANN.id].email.state is state


async def test_what_changes_no_member_status_marks_nothing(stores: Stores) -> None:
    await stores.emails.plan([ANN])
    await stores.emails.store([an_outcome(ANN, EmailState.DEFERRED, next_at=later(60))])
    await stores.emails.apply([an_event(ANN, mark=Mark.MACHINE_OPENED), an_event(ANN, service=ServiceStatus.ACCEPTED)])
    assert await stores.feed_marks.emails(9) == []


async def test_without_a_feed_nothing_is_marked(mongo_database: Database) -> None:
    stores = Stores.of(mongo_database, feed=False)
    await stores.emails.plan([ANN, BOB])
    await stores.emails.store([an_outcome(ANN), an_outcome(BOB)])
    await stores.emails.apply([an_event(ANN, service=ServiceStatus.OPENED)])
    await stores.campaigns.add(a_campaign())
    await stores.suppressions.add([a_suppression()])
    assert set((await stores.feed_marks.waiting()).values()) == {0}


async def test_a_write_after_the_mark_was_read_keeps_the_email_marked(stores: Stores) -> None:
    await stores.emails.plan([ANN])
    await stores.emails.store([an_outcome(ANN)])
    [read] = await stores.feed_marks.emails(9)
    await stores.emails.apply([an_event(ANN, service=ServiceStatus.OPENED)])
    await stores.feed_marks.emails_told([replace(read, told=Told("Sent", count=1))])
    [marked] = await stores.feed_marks.emails(9)
    assert (marked.told, marked.email.service) == (Told("Sent", count=1), ServiceStatus.OPENED)
    await stores.feed_marks.emails_told([MarkedEmail(marked.email, marked.mark, Told("Opened", count=2))])
    assert await stores.feed_marks.emails(9) == []


async def test_a_new_reason_marks_a_suppression_and_a_repeated_one_does_not(stores: Stores) -> None:
    given, unsubscribed = a_suppression(), a_suppression(reason=SuppressionReason.UNSUBSCRIBED, at=later(5))
    await stores.suppressions.add([given, a_suppression(reason=SuppressionReason.MANUAL)])
    [first] = await stores.feed_marks.suppressions(9)
    await stores.suppressions.add([given, unsubscribed])
    assert first.reasons == (given,)
    await stores.feed_marks.suppressions_told([first])
    [second] = await stores.feed_marks.suppressions(9)
    assert second.reasons == (unsubscribed,)
    await stores.feed_marks.suppressions_told([second])
    await stores.suppressions.add([given, unsubscribed])
    assert await stores.feed_marks.suppressions(9) == []


async def test_who_is_suppressed_anew_after_it_was_taken_back_is_told_anew(stores: Stores) -> None:
    await stores.suppressions.add([a_suppression()])
    await stores.feed_marks.suppressions_told(await stores.feed_marks.suppressions(9))
    await stores.suppressions.lift(a_suppression(), at=later(5), because="ticket 7")
    await stores.suppressions.add([a_suppression(at=later(9))])
    [marked] = await stores.feed_marks.suppressions(9)
    assert [reason.at for reason in marked.reasons] == [later(9)]


async def test_every_write_of_a_campaign_is_kept_until_it_is_told(stores: Stores) -> None:
    await stores.campaigns.add(a_campaign(status_at=NOW))
    [first] = await stores.feed_marks.campaigns(9)
    moved = a_campaign(status=CampaignStatus.SENDING, status_at=later(1), revision=1)
    await stores.campaigns.save(moved, expected=[CampaignStatus.DRAFT])
    await stores.feed_marks.campaigns_told([first])
    [second] = await stores.feed_marks.campaigns(9)
    assert [(move.revision, move.status, move.at) for move in second.moves] == [(2, "sending", later(1))]
    assert second.told == first.moves[-1]
    await stores.feed_marks.campaigns_told([second])
    assert await stores.feed_marks.campaigns(9) == []


async def test_every_campaign_that_goes_offline_is_marked_with_a_revision_of_its_own(stores: Stores) -> None:
    for name in ("autumn", "spring"):
        await stores.campaigns.add(a_campaign(name))
    known = await stores.campaigns.get("spring")
    assert known is not None
    await stores.campaigns.save(replace(known, name="New"), expected=[known.status])
    await stores.campaigns.take_offline("left", later(60))
    told = {each.moves[-1].campaign_id: each.moves[-1] for each in await stores.feed_marks.campaigns(9)}
    assert {name: (move.revision, move.status, move.at, move.reason) for name, move in told.items()} == {
        "autumn": (2, "offline", later(60), "left"),
        "spring": (3, "offline", later(60), "left"),
    }


async def test_the_end_of_a_sync_run_is_marked_and_that_of_a_review_is_not(stores: Stores) -> None:
    for runs in (stores.sync_runs, stores.review_runs):
        await runs.create(a_run())
        await runs.end("leads-r1", later(5), "it was paused")
    [ended] = await stores.feed_marks.runs(9)
    assert (ended.subject, ended.ended_at, ended.ended_because) == ("leads", later(5), "it was paused")
    await stores.feed_marks.runs_told([ended])
    assert await stores.feed_marks.runs(9) == []


async def test_the_lag_is_what_is_numbered_and_not_published(world: World) -> None:
    outbox = world.outbox
    assert await outbox.lag() == Lag()
    await outbox.append(entries(3), later(5))
    await outbox.append(entries(1, "syncs"), NOW)
    assert await outbox.lag() == Lag(4, NOW)
    await outbox.published("syncs", 1)
    assert await outbox.lag() == Lag(3, later(5))


async def test_how_streams_stand_is_shown(mongo_database: Database, stores: Stores) -> None:
    await ensure_indexes(mongo_database)
    await stores.outbox.append([*entries(3), *entries(1, "syncs")], NOW)
    await stores.outbox.published("contacts", 2)
    await stores.outbox.forget(later(1))
    contacts, syncs = await stores.outbox.view()
    assert (contacts.first, contacts.last, contacts.unpublished, contacts.oldest_unpublished_at) == (3, 3, 1, NOW)
    assert (syncs.stream, syncs.first, syncs.last) == ("syncs", 1, 1)
