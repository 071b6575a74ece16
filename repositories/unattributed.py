"""Reports that came in by mail and change nothing.

{_id: hash of the mail, at, kind, rule, why, contact_ids: [id], raw}

Old ones go with repositories/aging.py; what older versions stored has expires_at as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from domain.inbound_mail import MOST_UNATTRIBUTED, Unattributed
from repositories.bulk import insert_missing
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed


class MongoUnattributed:
    def __init__(self, database: Database, most: int = MOST_UNATTRIBUTED) -> None:
        self._reports = collection(database, "unattributed")
        self._most = most

    async def add(self, reports: Sequence[Unattributed]) -> None:
        """Those that are new; the oldest make room where there are too many."""
        await insert_missing(self._reports, [_document(report) for report in reports])
        over = int(await answered(self._reports.estimated_document_count())) - self._most
        if over > 0:
            await self._forget_oldest(over)

    async def _forget_oldest(self, count: int) -> None:
        """Processes that do so at once choose the same ones."""
        oldest = self._reports.find({}, {"_id": 1}).sort([("at", 1)]).limit(count)
        ids = [document["_id"] async for document in streamed(oldest)]
        await answered(self._reports.delete_many({"_id": {"$in": ids}}))

    async def of_contact(self, contact_id: str) -> Sequence[Unattributed]:
        """Those that name this person, the oldest first."""
        cursor = self._reports.find({"contact_ids": contact_id}).sort([("at", 1), ("_id", 1)])
        return [_report(document) async for document in streamed(cursor)]

    async def newest(self, kind: str | None, limit: int) -> Sequence[Unattributed]:
        """The newest first, of this kind or of all; `limit` 0: every one."""
        cursor = self._reports.find(_of_kind(kind)).sort([("at", -1)]).limit(limit)
        return [_report(document) async for document in streamed(cursor)]

    async def count(self, kind: str | None) -> int:
        return int(await answered(self._reports.count_documents(_of_kind(kind))))


def _of_kind(kind: str | None) -> Document:
    return {"kind": kind} if kind else {}


def _document(report: Unattributed) -> Document:
    values = asdict(report)
    named = {"contact_ids": list(report.contact_ids)}
    return {"_id": values.pop("id"), **values, **named}


def _report(document: Document) -> Unattributed:
    contact_ids = tuple(document.pop("contact_ids"))
    document.pop("expires_at", None)
    return Unattributed(id=document.pop("_id"), contact_ids=contact_ids, **document)
