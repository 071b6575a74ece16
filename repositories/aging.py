"""What grows too old, and how it goes: whole documents, or the words in documents that are counted for ever.

retention: {_id: kind, after: where the next slice begins, next_at: when the next round begins, or null}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from domain.erasure import GONE
from domain.retention import Position, Step, Stock
from repositories.connection import Collection, Database, Document, collection
from repositories.errors import answered, streamed
from repositories.parked_bodies import ParkedBodies
from repositories.traces.ledger import impersonal_event, wordless_row

#: Documents that are counted through an index, or read one by one, while somebody waits. Of more than that a sample is
#: looked at: less than a twentieth, which MongoDB draws without reading the rest ($sample, "Behavior").
MOST_COUNTED, MOST_READ, SAMPLE = 5_000_000, 100_000, 4_000


class MongoPositions:
    def __init__(self, database: Database) -> None:
        self._positions = collection(database, "retention")

    async def load(self) -> Mapping[str, Position]:
        found = streamed(self._positions.find({}))
        return {each["_id"]: Position(each["_id"], each["after"], each["next_at"]) async for each in found}

    async def save(self, position: Position) -> None:
        values = {"after": position.after, "next_at": position.next_at}
        await answered(self._positions.update_one({"_id": position.kind}, {"$set": values}, upsert=True))


class Whole:
    """Documents that are removed, the oldest first."""

    fields: Sequence[str] = ()  #: that `_kept_out` reads, beside the id and the date

    def __init__(self, database: Database, kind: str, date: str = "at") -> None:
        self.kind = kind
        self._documents = collection(database, kind)
        self._date = date

    async def view(self, before: datetime | None) -> Stock:
        count = await _count(self._documents)
        oldest = await answered(
            self._documents.find_one({self._date: {"$ne": None}}, {self._date: 1}, sort=[(self._date, 1)])
        )
        since = oldest[self._date] if oldest else None
        if before and count > MOST_COUNTED:
            return replace(await _sampled(self._documents, count, {}, self._date, before), oldest=since)
        return Stock(
            count, since, await answered(self._documents.count_documents(self._older(before))) if before else 0
        )

    async def forget(self, before: datetime, after: str, limit: int) -> Step:
        these = {"$and": [self._older(before), self._beyond(after)]}
        found = self._documents.find(these, [self._date, *self.fields]).sort([(self._date, 1), ("_id", 1)])
        old = await answered(found.limit(limit).to_list(None))
        gone = await self._kept_out(old)
        removed = self._documents.delete_many({**self._older(before), "_id": {"$in": [each["_id"] for each in gone]}})
        count = (await answered(removed)).deleted_count
        return Step(count, f"{old[-1][self._date].isoformat()} {old[-1]['_id']}" if len(old) == limit else None)

    async def _kept_out(self, old: Sequence[Document]) -> Sequence[Document]:
        """Those of them that may go."""
        return old

    def _older(self, before: datetime) -> Document:
        return {self._date: {"$lt": before}}

    def _beyond(self, after: str) -> Document:
        """What comes after the last one that was looked at, which may have stayed."""
        if not after:
            return {}
        at, _, id_ = after.partition(" ")
        date = datetime.fromisoformat(at)
        return {"$or": [{self._date: {"$gt": date}}, {self._date: date, "_id": {"$gt": id_}}]}


class ParkedMessages(Whole):
    """With the files of their bodies."""

    fields = ("body_bytes", "body_file")

    def __init__(self, database: Database) -> None:
        super().__init__(database, "parked", "parked_at")
        self._bodies = ParkedBodies(database)

    async def _kept_out(self, old: Sequence[Document]) -> Sequence[Document]:
        """A file that goes first leaves a message without a body, never a body that nobody finds."""
        await self._bodies.drop(old)
        return old


class SyncReports(Whole):
    """Runs that ended, but for the last one of each sync."""

    fields = ("subject", "feed")

    def __init__(self, database: Database) -> None:
        super().__init__(database, "sync_runs", "ended_at")

    async def _kept_out(self, old: Sequence[Document]) -> Sequence[Document]:
        last: dict[str, Any] = {}
        for subject in {each["subject"] for each in old}:
            newest = await answered(
                self._documents.find_one({"subject": subject}, {"_id": 1}, sort=[("started_at", -1)])
            )
            last[subject] = newest["_id"] if newest else None
        return [each for each in old if each["_id"] != last[each["subject"]] and "feed" not in each]


class Words:
    """Documents that stay and lose their words; gone through by id, for no index knows their age."""

    def __init__(self, documents: Collection, kind: str, date: str, wordy: Document, wordless: list[Document]) -> None:
        self.kind = kind
        self._documents = documents
        self._date = date
        self._wordy = wordy
        self._wordless = wordless

    async def view(self, before: datetime | None) -> Stock:
        """Reads all of them, or a sample where they are many."""
        count = await _count(self._documents)
        if count > MOST_READ:
            return await _sampled(self._documents, count, self._wordy, self._date, before)
        oldest, due = await _tallied(self._documents, [], self._wordy, self._date, before)
        return Stock(count, oldest, due)

    async def forget(self, before: datetime, after: str, limit: int) -> Step:
        page = self._documents.find({"_id": {"$gt": after}}, {"_id": 1}).sort("_id", 1).limit(limit)
        ids = [document["_id"] for document in await answered(page.to_list(None))]
        these: Document = {"_id": {"$in": ids}, **self._older(before)}
        changed = (await answered(self._documents.update_many(these, self._wordless))).modified_count if ids else 0
        return Step(changed, ids[-1] if len(ids) == limit else None)

    def _older(self, before: datetime) -> Document:
        return {**self._wordy, self._date: {"$lt": before}}


class Aging(Protocol):
    kind: str

    async def view(self, before: datetime | None) -> Stock: ...

    async def forget(self, before: datetime, after: str, limit: int) -> Step: ...


def aging(database: Database) -> Sequence[Aging]:
    """Every kind that a setting limits."""
    events, emails = collection(database, "events"), collection(database, "emails")
    said: Document = {"evidence.text": {"$exists": True, "$ne": GONE}}
    kept = [said, {"evidence.raw": {"$exists": True}}, {"evidence.told": {"$exists": True}}]
    return [
        Words(events, "events", "at", {"$or": [*kept, {"user_agent": {"$ne": None}}]}, impersonal_event(url=False)),
        Words(emails, "emails", "state_at", {"reply.text": {"$exists": True, "$ne": GONE}}, wordless_row()),
        ParkedMessages(database),
        Whole(database, "unattributed"),
        Whole(database, "test_mails"),
        Whole(database, "audit"),
        SyncReports(database),
        Whole(database, "imports", "ended_at"),
    ]


async def _sampled(documents: Collection, count: int, those: Document, date: str, before: datetime | None) -> Stock:
    """The oldest is that of the sample."""
    oldest, due = await _tallied(documents, [{"$sample": {"size": SAMPLE}}], those, date, before)
    return Stock(count, oldest, round(due * count / SAMPLE), estimated=True)


async def _tallied(
    documents: Collection, first: Sequence[Document], those: Document, date: str, before: datetime | None
) -> tuple[datetime | None, int]:
    """When the oldest of those was, and how many are older; in one pass."""
    older: Document = {"$cond": [{"$lt": [f"${date}", before]}, 1, 0]}
    tally = {"_id": None, "at": {"$min": f"${date}"}, "due": {"$sum": older if before else 0}}
    stages = [*first, {"$match": {**those, date: {"$ne": None}}}, {"$group": tally}]
    found = await anext(streamed(documents.aggregate(stages)), None)
    return (found["at"], found["due"]) if found else (None, 0)


async def _count(documents: Collection) -> int:
    return int(await answered(documents.estimated_document_count()))
