"""Imports of people, and how far each is.

{_id: import id, target, file, started_at, rows, refused_bytes, counts: [{k: name, v: count}], ended_at or null}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.imports import ImportJob
from repositories.bulk import insert_missing
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.values import pairs, unpaired


class MongoImports:
    def __init__(self, database: Database) -> None:
        self._imports = collection(database, "imports")

    async def begin(self, job: ImportJob, *, anew: bool = False) -> ImportJob:
        """Store it, in place of one that has ended; one that is under way stays, and is the answer, unless `anew`."""
        await insert_missing(self._imports, [_document(job)])
        over = {"_id": job.id} if anew else {"_id": job.id, "ended_at": {"$ne": None}}
        await answered(self._imports.replace_one(over, _document(job)))
        found = await self.get(job.id)
        assert found is not None, "it has just been stored, and only imports that ended long ago are removed"
        return found

    async def get(self, import_id: str) -> ImportJob | None:
        document = await answered(self._imports.find_one({"_id": import_id}))
        return _job(document) if document else None

    async def advance(self, before: ImportJob, after: ImportJob) -> bool:
        """Store how far it is now; False when somebody else is further, or has ended it."""
        guard = {"_id": before.id, "rows": before.rows, "ended_at": None}
        changes = {"$set": {name: value for name, value in _document(after).items() if name != "_id"}}
        return bool((await answered(self._imports.update_one(guard, changes))).matched_count)

    async def end(self, import_id: str, at: datetime) -> None:
        """Close it; one that was closed before keeps its time."""
        guard = {"_id": import_id, "ended_at": None}
        await answered(self._imports.update_one(guard, {"$set": {"ended_at": at}}))

    async def latest(self, limit: int = 50) -> Sequence[ImportJob]:
        """The newest first."""
        cursor = self._imports.find().sort([("started_at", -1), ("_id", 1)]).limit(limit)
        return [_job(document) async for document in streamed(cursor)]


def _document(job: ImportJob) -> Document:
    return {
        "_id": job.id,
        "target": job.target,
        "file": job.file,
        "started_at": job.started_at,
        "rows": job.rows,
        "refused_bytes": job.refused_bytes,
        "counts": pairs(job.counts),
        "ended_at": job.ended_at,
    }


def _job(document: Mapping[str, Any]) -> ImportJob:
    return ImportJob(
        id=document["_id"],
        target=document["target"],
        file=document["file"],
        started_at=document["started_at"],
        rows=document["rows"],
        refused_bytes=document["refused_bytes"],
        counts=unpaired(document["counts"]),
        ended_at=document["ended_at"],
    )
