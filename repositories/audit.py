"""The audit log; entries are written once, ended once, and never changed after that.

{_id: of the request, at, who, via, what, subject, before, after, outcome}; what is not known is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from domain.audit import AuditEntry, AuditQuery
from repositories.bulk import insert_missing
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed


class MongoAudit:
    def __init__(self, database: Database) -> None:
        self._audit = collection(database, "audit")

    async def add(self, entry: AuditEntry) -> None:
        document = asdict(entry)
        await insert_missing(self._audit, [{"_id": document.pop("id"), **document}])

    async def end(self, entry_id: str, after: str | None, outcome: str) -> None:
        ended = {"$set": {"after": after, "outcome": outcome}}
        await answered(self._audit.update_one({"_id": entry_id, "outcome": None}, ended))

    async def find(self, query: AuditQuery) -> Sequence[AuditEntry]:
        wanted: Document = {"subject": query.subject, "who": query.who}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        if query.since:
            wanted["at"] = {"$gte": query.since}
        cursor = self._audit.find(wanted).sort([("at", -1), ("_id", 1)]).limit(query.limit)
        return [_entry(document) async for document in streamed(cursor)]


def _entry(document: Document) -> AuditEntry:
    known = {name: value for name, value in document.items() if name in AuditEntry.__slots__}
    return AuditEntry(id=document["_id"], **known)
