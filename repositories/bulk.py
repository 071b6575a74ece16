"""Writing many documents at once, unordered: one round trip, and no document waits for another."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import uuid4

from pymongo import InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from repositories.connection import Collection, Document
from repositories.errors import DUPLICATE_KEY, mongo_errors, streamed

Operation: TypeAlias = "InsertOne[Document] | ReplaceOne[Document] | UpdateMany | UpdateOne"

WORTH_A_COMMAND = 50  #: operations


async def written(collection: Collection, operations: Sequence[Operation]) -> int:
    """How many documents were inserted or found to change. An insert whose _id is taken counts as neither.

    Raises:
        StoreUnavailable: MongoDB did not acknowledge; any part may be written, and nothing is under way any more.
    """
    answers = await gather(*(_details(collection, part) for part in _parts(operations)), return_exceptions=True)
    return sum(_count(answer) for answer in answers)


def _parts(operations: Sequence[Operation]) -> list[Sequence[Operation]]:
    """MongoDB works on a command with one thread: many operations are two commands, side by side."""
    half = -(-len(operations) // 2)
    parts = (operations[:half], operations[half:]) if half >= WORTH_A_COMMAND else (operations,)
    return [part for part in parts if part]


def _count(answer: Document | BaseException) -> int:
    if isinstance(answer, BaseException):
        with mongo_errors():
            raise answer
    return int(answer["nInserted"] + answer["nMatched"] + answer["nUpserted"])


async def insert_missing(collection: Collection, documents: Sequence[Document]) -> None:
    """Insert those whose _id is not taken; the others stay as they are."""
    await written(collection, [InsertOne(document) for document in documents])


async def save_revised(collection: Collection, documents: Sequence[Document]) -> frozenset[str]:
    """Store each document of revision n where n - 1 is stored, or nothing when n is 1; the ids of all the others."""
    ids = [document["_id"] for document in documents]
    return await write_guarded(
        collection, ids, lambda mark: [_saving({**document, "saved_by": mark}) for document in documents]
    )


async def write_guarded(
    collection: Collection, ids: Sequence[str], operations: Callable[[str], Sequence[Operation]]
) -> frozenset[str]:
    """The ids whose guard held their operation back; `operations` are one per id, and set `saved_by` to the mark.

    Only when some did not match are the marks read back: the answer to a bulk write does not tell which they were.
    """
    mark = uuid4().hex
    if await written(collection, operations(mark)) == len(ids):
        return frozenset()
    cursor = collection.find({"_id": {"$in": list(ids)}, "saved_by": mark}, {"_id": 1})
    stored = {document["_id"] async for document in streamed(cursor)}
    return frozenset(ids) - stored


def _saving(document: Document) -> Operation:
    if document["revision"] == 1:
        return InsertOne(document)
    return ReplaceOne({"_id": document["_id"], "revision": document["revision"] - 1}, document)


async def _details(collection: Collection, operations: Sequence[Operation]) -> Document:
    try:
        result = await collection.bulk_write(operations, ordered=False)
    except BulkWriteError as error:
        if not _only_taken(error.details):
            raise
        return dict(error.details)
    return dict(result.bulk_api_result)


def _only_taken(details: Mapping[str, Any]) -> bool:
    taken = all(each["code"] == DUPLICATE_KEY for each in details["writeErrors"])
    return taken and not details["writeConcernErrors"]
