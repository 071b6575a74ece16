"""The baseline of intake: motor writing ready documents in bulk, acknowledged by a majority as ours are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import islice

import psutil
from pymongo import InsertOne

from repositories.connection import Collection, Database, Document, collection
from tests.benchmarks.measured import Run

Pair = tuple[Document, Document]  #: a record and its contact


async def documents(database: Database, prefix: str) -> list[Pair]:
    """The stored records whose id begins so, each with the contact that came of it."""
    records = [document async for document in database["records"].find({"_id": {"$regex": f"^{prefix}"}})]
    ids = [record["projected"]["contact_id"] for record in records]
    contacts: Mapping[str, Document] = {
        contact["_id"]: contact async for contact in database["contacts"].find({"_id": {"$in": ids}})
    }
    return [(record, contacts[key]) for record, key in zip(records, ids, strict=True)]


async def write(database: Database, pairs: Sequence[Pair], name: str, at_once: int) -> Run:
    """Inserts copies of them under ids that begin with `name`."""
    renamed = iter([({**r, "_id": f"{name}{r['_id']}"}, {**c, "_id": f"{name}{c['_id']}"}) for r, c in pairs])
    records, contacts = collection(database, "records"), collection(database, "contacts")
    process = psutil.Process()
    cpu, began = process.cpu_times(), time.perf_counter()
    while some := list(islice(renamed, at_once)):
        await _inserted(records, [record for record, _ in some])
        await _inserted(contacts, [contact for _, contact in some])
    seconds, used = time.perf_counter() - began, process.cpu_times()
    return Run(len(pairs), seconds, used.user + used.system - cpu.user - cpu.system)


async def _inserted(into: Collection, some: Sequence[Document]) -> None:
    await into.bulk_write([InsertOne(document) for document in some], ordered=False)
