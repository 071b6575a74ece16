"""People's ways through series.

{_id: "series_id:contact_id:number", series_id, contact_id, number, entered_at,
 done: [{turn, key, at}], passed: [{turn, key, why}], waits: [key], absent where there is none,
 next_at: absent once it has ended, ended, ended_at, revision: counts writes, saved_by: mark of the last save}

What is None is absent. Moments are dates, cut to milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import InsertOne

from domain.series import Entry, EntryEnd, Passed, SeriesCounts, key_and_year
from repositories.bulk import save_revised, written
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.values import without_nulls

_UNDER_WAY: Document = {"next_at": {"$exists": True}}


class MongoEntries:
    def __init__(self, database: Database) -> None:
        self._entries = collection(database, "series_entries")

    async def enter(self, entries: Sequence[Entry]) -> int:
        return await written(self._entries, [InsertOne(_document(entry)) for entry in entries]) if entries else 0

    async def due(self, series_id: str, now: datetime, limit: int) -> Sequence[Entry]:
        waiting = {"series_id": series_id, "next_at": {"$lte": now}}
        cursor = self._entries.find(waiting).sort("next_at", 1).limit(limit).batch_size(limit)
        return [_entry(document) for document in await answered(cursor.to_list(None))]

    async def save(self, entries: Sequence[Entry]) -> frozenset[str]:
        return await save_revised(self._entries, [_document(entry) for entry in entries]) if entries else frozenset()

    async def wake(self, series_id: str, contact_ids: Collection[str], at: datetime) -> int:
        return await self._woken({"series_id": series_id, "contact_id": {"$in": list(contact_ids)}}, at)

    async def wake_all(self, series_id: str, at: datetime) -> int:
        return await self._woken({"series_id": series_id}, at)

    async def wake_waiting(self, series_id: str, key: str, at: datetime) -> int:
        return await self._woken({"series_id": series_id, "waits": key}, at)

    async def latest(self, series_id: str, contact_ids: Collection[str]) -> Mapping[str, Entry]:
        found = await self._found({"contact_id": {"$in": list(contact_ids)}, "series_id": series_id})
        return {entry.contact_id: entry for entry in sorted(found, key=lambda entry: entry.number)}

    async def end_all(self, series_id: str, why: EntryEnd, at: datetime) -> int:
        changes: Document = {
            "$set": {"ended": why, "ended_at": at},
            "$unset": {"next_at": "", "waits": ""},
            "$inc": {"revision": 1},
        }
        ended = self._entries.update_many({"series_id": series_id, **_UNDER_WAY}, changes)
        return (await answered(ended)).modified_count

    async def reopen(self, series_id: str, at: datetime) -> int:
        changes: Document = {
            "$set": {"next_at": at},
            "$unset": {"ended": "", "ended_at": ""},
            "$inc": {"revision": 1},
        }
        opened = self._entries.update_many({**_of(series_id), "ended": EntryEnd.COMPLETED}, changes)
        return (await answered(opened)).modified_count

    async def counts(self, series_id: str) -> SeriesCounts:
        ends = await self._tally(series_id, {"end": "$ended", "first": {"$eq": ["$number", 0]}})
        planned = await self._tally(series_id, {"key": "$done.key"}, unwound="done")
        passed = await self._tally(series_id, {"key": "$passed.key", "why": "$passed.why"}, unwound="passed")
        waiting = await self._tally(series_id, {"key": "$waits"}, unwound="waits")
        return SeriesCounts(
            people=sum(count for kind, count in ends if kind["first"]),
            entries=sum(count for _, count in ends),
            under_way=sum(count for kind, count in ends if not kind.get("end")),
            ended=_summed(ends),
            planned={kind["key"]: count for kind, count in planned},
            passed=_passed(passed),
            waiting={kind["key"]: count for kind, count in waiting},
        )

    async def of_contact(self, contact_id: str) -> Sequence[Entry]:
        found = await self._found({"contact_id": contact_id})
        return sorted(found, key=lambda entry: (entry.series_id, entry.number))

    async def _woken(self, query: Document, at: datetime) -> int:
        woken = self._entries.update_many({**query, **_UNDER_WAY}, {"$min": {"next_at": at}, "$inc": {"revision": 1}})
        return (await answered(woken)).modified_count

    async def _found(self, query: Document) -> list[Entry]:
        return [_entry(document) async for document in streamed(self._entries.find(query))]

    async def _tally(self, series_id: str, by: Document, *, unwound: str = "") -> list[tuple[Document, int]]:
        apart: list[Document] = [{"$unwind": f"${unwound}"}] if unwound else []
        stages: list[Document] = [{"$match": _of(series_id)}, *apart, {"$group": {"_id": by, "count": {"$sum": 1}}}]
        return [(found["_id"], found["count"]) async for found in streamed(self._entries.aggregate(stages))]


def _of(series_id: str) -> Document:
    """Out of the index of ids: no id of a series holds a colon."""
    return {"_id": {"$gt": f"{series_id}:", "$lt": f"{series_id};"}}


def _summed(ends: Sequence[tuple[Document, int]]) -> Mapping[EntryEnd, int]:
    found: dict[EntryEnd, int] = {}
    for kind, count in ends:
        if kind.get("end"):
            end = EntryEnd(kind["end"])
            found[end] = found.get(end, 0) + count
    return found


def _passed(tally: Sequence[tuple[Document, int]]) -> Mapping[str, Mapping[Passed, int]]:
    found: dict[str, dict[Passed, int]] = {}
    for kind, count in tally:
        found.setdefault(kind["key"], {})[Passed(kind["why"])] = count
    return found


def _document(entry: Entry) -> Document:
    return without_nulls(
        {
            "_id": entry.id,
            "series_id": entry.series_id,
            "contact_id": entry.contact_id,
            "number": entry.number,
            "entered_at": entry.entered_at,
            "done": [{"turn": turn, "key": key_and_year(turn)[0], "at": at} for turn, at in entry.done.items()],
            "passed": [{"turn": turn, "key": key_and_year(turn)[0], "why": why} for turn, why in entry.passed.items()],
            "waits": sorted(entry.waits) or None,
            "next_at": entry.next_at,
            "ended": entry.ended,
            "ended_at": entry.ended_at,
            "revision": entry.revision + 1,
        }
    )


def _entry(document: Mapping[str, Any]) -> Entry:
    end = document.get("ended")
    return Entry(
        id=document["_id"],
        series_id=document["series_id"],
        contact_id=document["contact_id"],
        number=document["number"],
        entered_at=document["entered_at"],
        done={each["turn"]: each["at"] for each in document["done"]},
        passed={each["turn"]: Passed(each["why"]) for each in document["passed"]},
        waits=frozenset(document.get("waits", ())),
        next_at=document.get("next_at"),
        ended=EntryEnd(end) if end else None,
        ended_at=document.get("ended_at"),
        revision=document["revision"],
    )
