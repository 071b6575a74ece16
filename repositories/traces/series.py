"""People's ways through series: they end, are counted as before, and no longer tell anybody's birthday."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.erasure import Person
from domain.series import EntryEnd
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed


class SeriesTraces:
    collection = "series_entries"

    def __init__(self, database: Database) -> None:
        self._entries = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        return [document async for document in streamed(self._entries.find(_theirs(person)))]

    async def erase(self, person: Person) -> int:
        """Whoever has an entry in memory finds another revision, and sees the suppression when it looks again."""
        anew = {**_theirs(person), "erased": {"$exists": False}}
        return (await answered(self._entries.update_many(anew, _ended(datetime.now(UTC))))).modified_count


def _theirs(person: Person) -> Document:
    return {"contact_id": {"$in": sorted(person.keys)}}


def _ended(at: datetime) -> list[Document]:
    when: Document = {"$mergeObjects": ["$$this", {"at": "$entered_at"}]}
    return [
        {
            "$set": {
                "ended": {"$ifNull": ["$ended", EntryEnd.ERASED]},
                "ended_at": {"$ifNull": ["$ended_at", at]},
                "done": {"$map": {"input": "$done", "in": when}},
                "waits": [],
                "next_at": "$$REMOVE",
                "erased": True,
                "revision": {"$add": ["$revision", 1]},
            }
        }
    ]
