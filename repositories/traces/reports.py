"""Mails that came in and led to nobody, test mails, and the audit log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import UpdateOne

from domain.audit import CHOICES
from domain.erasure import Person, spellings
from repositories.bulk import Operation
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed

_NOBODY: Document = {"_id": {"$in": []}}


class UnattributedTraces:
    """Reports that name the person, or whose text does; they change nothing, so they go as a whole."""

    collection = "unattributed"

    def __init__(self, database: Database) -> None:
        self._reports = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        return [document async for document in streamed(self._reports.find(self._naming(person)))]

    async def erase(self, person: Person) -> int:
        return (await answered(self._reports.delete_many(self._naming(person)))).deleted_count

    def _naming(self, person: Person) -> Document:
        theirs: list[Document] = [{"contact_ids": {"$in": sorted(person.keys)}}, *_saying(person, "raw")]
        return {"$or": theirs}


class TestMailTraces:
    __test__ = False  # the name is of a test mail, not a test's

    collection = "test_mails"

    def __init__(self, database: Database) -> None:
        self._mails = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        return [document async for document in streamed(self._mails.find(self._to(person)))]

    async def erase(self, person: Person) -> int:
        return (await answered(self._mails.delete_many(self._to(person)))).deleted_count

    def _to(self, person: Person) -> Document:
        named = [query for field in ("address", "reply.text", "detail") for query in _saying(person, field)]
        return {"$or": named} if named else _NOBODY


class AuditTraces:
    """Entries name people by id. One that names them otherwise was given words that it should not have been given."""

    collection = "audit"
    _words = ("who", "via", "subject", "before", "after", "outcome")

    def __init__(self, database: Database) -> None:
        self._audit = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        among = [{"subject": {"$regex": f"^contacts:.*{re.escape(key)}"}} for key in sorted(person.keys)]
        found = self._audit.find({"$or": [_about(person), *among, *self._naming(person)]})
        return [document async for document in streamed(found)]

    async def erase(self, person: Person) -> int:
        await self._forget_standing(person)
        return await self._redact(person)

    async def _forget_standing(self, person: Person) -> None:
        """What somebody had chosen goes; who asked for what, and when, stays. Not counted: the entry of whoever erases
        right now is one of these, and done again it finds nothing more."""
        for field in ("before", "after"):
            told = {**_about(person), field: {"$regex": CHOICES}, "what": {"$ne": "erasure"}}  # the receipt
            await answered(self._audit.update_many(told, {"$set": {field: None}}))

    async def _redact(self, person: Person) -> int:
        if not (naming := self._naming(person)):
            return 0
        found = await answered(self._audit.find({"$or": naming}).to_list(None))
        operations: list[Operation] = [
            UpdateOne({"_id": each["_id"]}, {"$set": self._redacted(each, person)}) for each in found
        ]
        if not operations:
            return 0
        return (await answered(self._audit.bulk_write(operations, ordered=False))).modified_count

    def _naming(self, person: Person) -> list[Document]:
        return [query for field in self._words for query in _saying(person, field)]

    def _redacted(self, entry: Mapping[str, Any], person: Person) -> Document:
        return {field: person.redacted(entry[field]) for field in self._words if isinstance(entry.get(field), str)}


def _about(person: Person) -> Document:
    return {"subject": {"$in": [f"contact:{key}" for key in sorted(person.keys)]}}


def _saying(person: Person, field: str) -> list[Document]:
    """Documents whose text names the address; looks at all of them."""
    return [{field: {"$regex": spelling, "$options": "i"}} for spelling in spellings(person.identity)]
