"""The numbered entries of the feed, kept for replay.

outbox: {_id: entry id, stream, number, type, at, data, contact_id, told_at: when it was numbered,
         waiting: true, until it is published}
feed_streams: {_id: stream, forgotten: the last number that was removed}

One relay writes at a time; should an older one wake up in between, the unique index on stream and number refuses one of
the two, and as entries are inserted in order, what was refused leaves no gap.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo.errors import BulkWriteError

from domain.errors import Conflict
from domain.feed import Entry, Lag, StreamView
from repositories.connection import Database, Document, collection
from repositories.errors import DUPLICATE_KEY, answered, streamed
from repositories.values import without_nulls

_FORGOTTEN_AT_ONCE = 5000
#: Fields of `data`; `because` may be the words of who suppressed somebody by hand.
_PERSONAL = ("address", "record", "records", "because")


class MongoOutbox:
    def __init__(self, database: Database) -> None:
        self._outbox = collection(database, "outbox")
        self._streams = collection(database, "feed_streams")

    async def known(self, ids: Collection[str]) -> Mapping[str, Entry]:
        found = self._outbox.find({"_id": {"$in": list(ids)}})
        return {document["_id"]: _entry(document) async for document in streamed(found)}

    async def heads(self, streams: Collection[str]) -> Mapping[str, int]:
        return {stream: await self._head(stream) for stream in streams}

    async def latest(self) -> Mapping[str, int]:
        stages: list[Document] = [
            {"$sort": {"stream": -1, "number": -1}},
            {"$group": {"_id": "$stream", "last": {"$first": "$number"}}},
        ]
        return {found["_id"]: found["last"] async for found in streamed(self._outbox.aggregate(stages))}

    async def append(self, entries: Sequence[Entry], at: datetime) -> None:
        try:
            await answered(self._outbox.insert_many([_document(entry, at) for entry in entries], ordered=True))
        except BulkWriteError as error:
            if [each["code"] for each in error.details["writeErrors"]] != [DUPLICATE_KEY]:
                raise
            raise Conflict("another relay writes the feed") from error

    async def unpublished(self, limit: int) -> Sequence[Entry]:
        waiting = self._outbox.find({"waiting": True}).sort([("stream", 1), ("number", 1)]).limit(limit)
        return [_entry(document) async for document in streamed(waiting)]

    async def lag(self) -> Lag:
        """How much of what is numbered is not published; no more than a few thousand, for the relay stops then."""
        stages: list[Document] = [
            {"$match": {"waiting": True}},
            {"$group": {"_id": None, "count": {"$sum": 1}, "oldest": {"$min": "$told_at"}}},
        ]
        found = await anext(streamed(self._outbox.aggregate(stages)), None)
        return Lag(found["count"], found["oldest"]) if found else Lag()

    async def published(self, stream: str, through: int) -> None:
        theirs = {"waiting": True, "stream": stream, "number": {"$lte": through}}
        await answered(self._outbox.update_many(theirs, {"$unset": {"waiting": ""}}))

    async def within(self, stream: str, first: int, last: int | None, limit: int) -> Sequence[Entry]:
        numbers = {"$gte": first} if last is None else {"$gte": first, "$lte": last}
        found = self._outbox.find({"stream": stream, "number": numbers, "waiting": {"$exists": False}})
        return [_entry(document) async for document in streamed(found.sort("number", 1).limit(limit))]

    async def forget(self, before: datetime) -> int:
        return sum([await self._forget(stream, before) for stream in await self._kept()])

    async def anonymise(self, contact_ids: Collection[str]) -> int:
        gone = {"$unset": {f"data.{name}": "" for name in _PERSONAL}}
        theirs = {"contact_id": {"$in": list(contact_ids)}}
        return (await answered(self._outbox.update_many(theirs, gone))).modified_count

    async def view(self) -> Sequence[StreamView]:
        """How each stream stands, by name."""
        past = [document["_id"] async for document in streamed(self._streams.find({}, {"_id": 1}))]
        return [await self._view(stream) for stream in sorted({*past, *await self._kept()})]

    async def _kept(self) -> Sequence[str]:
        return await answered(self._outbox.distinct("stream"))

    async def _head(self, stream: str) -> int:
        newest = await self._one({"stream": stream}, -1)
        return int(newest["number"]) if newest else await self._forgotten(stream)

    async def _forgotten(self, stream: str) -> int:
        document = await answered(self._streams.find_one({"_id": stream}))
        return int(document["forgotten"]) if document else 0

    async def _forget(self, stream: str, before: datetime) -> int:
        """In the order of their numbers, which is that of their times, and never what is not published."""
        theirs: Document = {"stream": stream}
        count = 0
        while True:
            rows = self._outbox.find(theirs, {"number": 1, "told_at": 1, "waiting": 1}).sort("number", 1)
            page = await answered(rows.limit(_FORGOTTEN_AT_ONCE).to_list(None))
            old = [row["number"] for row in page if row["told_at"] < before and not row.get("waiting")]
            if not old:
                return count
            # First the number, which must not be given twice, then the entries that had it.
            await answered(self._streams.update_one({"_id": stream}, {"$max": {"forgotten": old[-1]}}, upsert=True))
            await answered(self._outbox.delete_many({**theirs, "number": {"$lte": old[-1]}}))
            count += len(old)

    async def _view(self, stream: str) -> StreamView:
        waiting = {"waiting": True, "stream": stream}
        first, oldest = await self._one({"stream": stream}, 1), await self._one(waiting, 1)
        last = await self._head(stream)
        return StreamView(
            stream=stream,
            first=first["number"] if first else last + 1,
            last=last,
            unpublished=await answered(self._outbox.count_documents(waiting)),
            oldest_unpublished_at=oldest["told_at"] if oldest else None,
        )

    async def _one(self, query: Document, order: int) -> Document | None:
        return await answered(self._outbox.find_one(query, {"number": 1, "told_at": 1}, sort=[("number", order)]))


def _document(entry: Entry, at: datetime) -> Document:
    return without_nulls(
        {
            "_id": entry.id,
            "stream": entry.stream,
            "number": entry.number,
            "type": entry.type,
            "at": entry.at,
            "data": dict(entry.data),
            "contact_id": entry.contact_id,
            "told_at": at,
            "waiting": True,
        }
    )


def _entry(document: Mapping[str, Any]) -> Entry:
    return Entry(
        id=document["_id"],
        stream=document["stream"],
        type=document["type"],
        at=document["at"],
        data=document["data"],
        contact_id=document.get("contact_id"),
        number=document["number"],
    )
