"""CRM records.

{_id: "module:record_id", module, record_id, deleted,
 fields: [{k: CRM api name, v: value, version}],
 snapshot_version, alive_version, deleted_version, changed_at_us: microseconds since 1970,
 projected: {version, contact_id, settled: text or null, left: [contact id]} or null; the last two may be absent,
 revision: counts writes, saved_by: mark of the last write}
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from domain.erasure import spellings
from domain.filter_hints import Hint
from domain.record import READ_ONLY, Projected, Record, RecordField
from domain.slices import KeyRange
from repositories.bulk import Operation, save_revised, write_guarded
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.record_hints import query_of
from repositories.values import microseconds, moment, read_value, written_value

#: Where a record was carried over to: a tenth of a document with many fields.
_MARKS = dict.fromkeys(
    ("module", "record_id", "snapshot_version", "alive_version", "deleted_version", "projected"), 1
)  # fmt: skip

KEYS_AT_ONCE = 10_000  #: ids per round trip when all keys of a module are listed
#: Records in whose fields one query looks for an address: seconds, where all of them may take longer than we wait.
SEARCHED_AT_ONCE = 20_000


class MongoRecords:
    def __init__(self, database: Database) -> None:
        self._records = collection(database, "records")

    async def load(self, refs: Collection[str]) -> Mapping[str, Record]:
        cursor = self._records.find({"_id": {"$in": list(refs)}}).batch_size(KEYS_AT_ONCE)
        return {document["_id"]: _record(document) for document in await answered(cursor.to_list(None))}

    async def save(self, records: Sequence[Record]) -> frozenset[str]:
        return await save_revised(self._records, [_document(record) for record in records])

    async def mark_projected(self, records: Sequence[Record]) -> frozenset[str]:
        def marked(mark: str) -> list[Operation]:
            return [_marked(record, mark) for record in records]

        return await write_guarded(self._records, [record.ref for record in records], marked)

    async def keys(self, module: str) -> AsyncIterator[str]:
        cursor = self._records.find(_of(module), {"_id": 1}).sort("_id", 1).batch_size(KEYS_AT_ONCE)
        async for document in streamed(cursor):
            yield document["_id"]

    async def within(self, keys: KeyRange) -> Sequence[Record]:
        return [_record(document) for document in await self._within(keys)]

    async def sifted(self, keys: KeyRange, hint: Hint) -> Sequence[Record]:
        return [_record(document) for document in await self._within(keys, also=query_of(hint))]

    async def marks_within(self, keys: KeyRange) -> Sequence[Record]:
        return [_marked_record(document) for document in await self._within(keys, _MARKS)]

    async def count(self, module: str, as_of: datetime | None = None) -> int:
        there: list[Document] = [{"deleted": False}]
        if as_of:
            there.append({"changed_at_us": {"$gt": microseconds(as_of)}})
        return await answered(self._records.count_documents({"module": module, "$or": there}))

    async def about(self, contact_id: str, identity: str) -> Sequence[Record]:
        fields = [{"fields.v": {"$regex": f"^\\s*{each}\\s*$", "$options": "i"}} for each in spellings(identity)]
        carried = await answered(self._records.find({"projected.contact_id": contact_id}).to_list(None))
        named = [each async for each in self._searched({"$or": fields})] if fields else []
        return [_record(each) for each in {each["_id"]: each for each in [*carried, *named]}.values()]

    async def forget(self, refs: Collection[str]) -> int:
        return (await answered(self._records.delete_many({"_id": {"$in": list(refs)}}))).deleted_count

    async def _searched(self, query: Document) -> AsyncIterator[Document]:
        """What matches among all records, range by range."""
        after: str | None = ""
        while after is not None:
            through = await self._after(after, SEARCHED_AT_ONCE)
            of_range = {"$gt": after} | ({"$lte": through} if through else {})
            for document in await answered(self._records.find({"_id": of_range} | query).to_list(None)):
                yield document
            after = through

    async def _after(self, ref: str, count: int) -> str | None:
        """The id that many records further on."""
        ids = self._records.find({"_id": {"$gt": ref}}, {"_id": 1}).sort("_id", 1).skip(count - 1).limit(1)
        found = await answered(ids.to_list(None))
        return found[0]["_id"] if found else None

    async def _within(
        self, keys: KeyRange, fields: Document | None = None, also: Document | None = None
    ) -> list[Document]:
        module = keys.through.partition(":")[0]  # the first range of a module begins before all modules
        of_range = {"_id": {"$gt": max(keys.after, f"{module}:"), "$lte": keys.through}}
        cursor = self._records.find(of_range | (also or {}), fields).sort("_id", 1).batch_size(KEYS_AT_ONCE)
        return await answered(cursor.to_list(None))


def _of(module: str) -> Document:
    """All ids of a module; ";" is the character after ":"."""
    return {"_id": {"$gt": f"{module}:", "$lt": f"{module};"}}


def _marked(record: Record, mark: str) -> UpdateOne:
    changes = {"projected": _projected(record.projected), "saved_by": mark}
    guard = {"_id": record.ref, "revision": record.revision}
    return UpdateOne(guard, {"$set": changes, "$inc": {"revision": 1}})


def _document(record: Record) -> Document:
    return {
        "_id": record.ref,
        "module": record.module,
        "record_id": record.record_id,
        "deleted": record.deleted,
        "fields": [
            {"k": name, "v": written_value(field.value), "version": field.version}
            for name, field in record.fields.items()
        ],
        "snapshot_version": record.snapshot_version,
        "alive_version": record.alive_version,
        "deleted_version": record.deleted_version,
        "changed_at_us": microseconds(record.changed_at) if record.changed_at else None,
        "projected": _projected(record.projected),
        "revision": record.revision + 1,
    }


def _projected(projected: Projected | None) -> Document | None:
    if projected is None:
        return None
    left = {"left": sorted(projected.left)} if projected.left else {}
    return {"version": projected.version, "contact_id": projected.contact_id, "settled": projected.settled, **left}


def _record(document: Mapping[str, Any]) -> Record:
    changed_at_us, projected = document["changed_at_us"], document["projected"]
    return Record(
        module=document["module"],
        record_id=document["record_id"],
        fields={each["k"]: RecordField(read_value(each["v"]), each["version"]) for each in document["fields"]},
        snapshot_version=document["snapshot_version"],
        alive_version=document["alive_version"],
        deleted_version=document["deleted_version"],
        changed_at=moment(changed_at_us) if changed_at_us is not None else None,
        projected=_mark(projected) if projected else None,
        revision=document["revision"],
    )


def _marked_record(document: Mapping[str, Any]) -> Record:
    projected = document["projected"]
    return Record(
        module=document["module"],
        record_id=document["record_id"],
        snapshot_version=document["snapshot_version"],
        alive_version=document["alive_version"],
        deleted_version=document["deleted_version"],
        projected=_mark(projected) if projected else None,
        revision=READ_ONLY,
    )


def _mark(document: Mapping[str, Any]) -> Projected:
    left = frozenset(document.get("left", ()))
    return Projected(document["version"], document["contact_id"], document.get("settled"), left)
