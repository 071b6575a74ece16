"""The audit log; entries are written once, ended once, and never changed after that.

{_id: of the request, at, who, via, what, subject, before, after, outcome}; what is not known is null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from domain.audit import DONE, PAGE, AuditEntry, AuditQuery, Ending
from repositories.bulk import insert_missing
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed

_ENDED: Mapping[Ending, Document] = {
    Ending.DONE: {"outcome": DONE},
    Ending.REFUSED: {"outcome": {"$nin": [DONE, None]}},
    Ending.UNKNOWN: {"outcome": None},
}


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
        parts = _parts(query)
        if query.after is not None:
            last = await answered(self._audit.find_one({"_id": query.after}, {"at": True}))
            if last is None:
                return []
            below = {"at": last["at"], "_id": {"$gt": query.after}}
            parts += [{"at": {"$lte": last["at"]}}, {"$or": [{"at": {"$lt": last["at"]}}, below]}]
        cursor = self._audit.find({"$and": parts} if parts else {}).sort([("at", -1), ("_id", 1)]).limit(query.limit)
        return [_entry(document) async for document in streamed(cursor)]


def _parts(query: AuditQuery) -> list[Document]:
    named = {"subject": query.subject, "who": query.who}
    parts: list[Document] = [{name: value} for name, value in named.items() if value is not None]
    begun = (("what", query.what, "( |$)"), ("via", query.via, "(:|$)"), ("subject", query.kind, "s?(:|$)"))
    parts += [{name: {"$regex": f"^{re.escape(text)}{end}"}} for name, text, end in begun if text]
    if not query.readers:
        parts.append({"via": {"$ne": PAGE}})
    if query.ending:
        parts.append(_ENDED[query.ending])
    if query.since:
        parts.append({"at": {"$gte": query.since}})
    return parts


def _entry(document: Document) -> AuditEntry:
    known = {name: value for name, value in document.items() if name in AuditEntry.__slots__}
    return AuditEntry(id=document["_id"], **known)
