"""Strikes against addresses (D10), one document per address of which something is known.

{_id: contact id, strikes: [{k: email id, v: at_us}], taken: [{k: email id, v: at_us}], lasted_us, alive_us,
 revision: counts writes, saved_by: mark of the last write}

at_us, lasted_us and alive_us are microseconds since 1970, or null.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.strikes import StrikeRecord
from repositories.bulk import save_revised
from repositories.connection import Database, Document, collection
from repositories.errors import streamed
from repositories.values import microseconds, moment, pairs, unpaired


class MongoStrikes:
    def __init__(self, database: Database) -> None:
        self._strikes = collection(database, "strikes")

    async def load(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        return await self._found({"_id": {"$in": list(contact_ids)}})

    async def struck(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        return await self._found({"_id": {"$in": list(contact_ids)}, "strikes.0": {"$exists": True}})

    async def save(self, records: Sequence[StrikeRecord]) -> frozenset[str]:
        return await save_revised(self._strikes, [_document(record) for record in records])

    async def _found(self, query: Document) -> Mapping[str, StrikeRecord]:
        return {document["_id"]: _record(document) async for document in streamed(self._strikes.find(query))}


def _document(record: StrikeRecord) -> Document:
    return {
        "_id": record.contact_id,
        "strikes": pairs({email: microseconds(at) for email, at in record.strikes.items()}),
        "taken": pairs({email: microseconds(at) for email, at in record.taken.items()}),
        "lasted_us": microseconds(record.lasted_at) if record.lasted_at else None,
        "alive_us": microseconds(record.alive_at) if record.alive_at else None,
        "revision": record.revision + 1,
    }


def _record(document: Mapping[str, Any]) -> StrikeRecord:
    return StrikeRecord(
        contact_id=document["_id"],
        strikes=_moments(document["strikes"]),
        taken=_moments(document["taken"]),
        lasted_at=_moment(document["lasted_us"]),
        alive_at=_moment(document["alive_us"]),
        revision=document["revision"],
    )


def _moments(stored: Sequence[Mapping[str, Any]]) -> Mapping[str, datetime]:
    return {email: moment(at_us) for email, at_us in unpaired(stored).items()}


def _moment(stored: int | None) -> datetime | None:
    return None if stored is None else moment(stored)
