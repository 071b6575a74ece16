"""The baselines of intake, syncs and events: motor writing ready documents in bulk, acknowledged by a majority.

*Upsert* is what a writer has to do that may be told the same twice: replace by _id, or put there. *Insert* is the least
that MongoDB can do with the documents; told twice it fails. *Mark* writes what a sync writes: contacts, and of each
record its mark.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from itertools import islice

import psutil
from pymongo import InsertOne, ReplaceOne, UpdateOne

from repositories.bulk import Operation
from repositories.connection import Collection, Database, Document, collection
from tests.benchmarks.measured import Run

Pair = tuple[Document, Document]  #: a record and its contact; an event and the row that it is of
RECORDS = ("records", "contacts")  #: the collections of a pair
EVENTS = ("events", "emails")


class How(StrEnum):
    UPSERT = "upsert"
    INSERT = "insert"
    MARK = "upsert and mark"


async def documents(database: Database, prefix: str, most: int = 0) -> list[Pair]:
    """The stored records whose id begins so, at most so many, each with the contact that came of it."""
    found = database["records"].find({"_id": {"$regex": f"^{prefix}"}}).limit(most)
    records = [document async for document in found]
    ids = [record["projected"]["contact_id"] for record in records]
    contacts: Mapping[str, Document] = {
        contact["_id"]: contact async for contact in database["contacts"].find({"_id": {"$in": ids}})
    }
    return [(record, contacts[key]) for record, key in zip(records, ids, strict=True)]


async def write(
    database: Database, pairs: Sequence[Pair], name: str, at_once: int, how: How, into: tuple[str, str] = RECORDS
) -> Run:
    """Writes copies of them under ids that begin with `name`."""
    renamed = [({**r, "_id": f"{name}{r['_id']}"}, {**c, "_id": f"{name}{c['_id']}"}) for r, c in pairs]
    firsts, seconds = (collection(database, each) for each in into)
    if how is How.MARK:
        await firsts.insert_many([{**record, "projected": None} for record, _ in renamed])
    of_first, of_second = _OPERATIONS[how]
    waiting = iter(renamed)
    process = psutil.Process()
    cpu, began = process.cpu_times(), time.perf_counter()
    while some := list(islice(waiting, at_once)):
        await _written(firsts, [of_first(first) for first, _ in some])
        await _written(seconds, [of_second(second) for _, second in some])
    took_s, used = time.perf_counter() - began, process.cpu_times()
    return Run(len(pairs), took_s, used.user + used.system - cpu.user - cpu.system)


async def _written(into: Collection, some: Sequence[Operation]) -> None:
    await into.bulk_write(some, ordered=False)


def _upserted(document: Document) -> Operation:
    return ReplaceOne({"_id": document["_id"]}, document, upsert=True)


def _marked(record: Document) -> Operation:
    changes = {"projected": record["projected"], "saved_by": record["saved_by"]}
    return UpdateOne({"_id": record["_id"]}, {"$set": changes, "$inc": {"revision": 1}})


#: Of the first of a pair, and of the second.
_OPERATIONS: Mapping[How, tuple[Callable[[Document], Operation], Callable[[Document], Operation]]] = {
    How.UPSERT: (_upserted, _upserted),
    How.INSERT: (InsertOne, InsertOne),
    How.MARK: (_marked, _upserted),
}
