"""What came of test mails; old ones go with repositories/aging.py.

{_id: "request:address in lower case", request, address, state, at, reply: {code, text, stage, relay} or null,
 detail}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ReplaceOne

from domain.smtp_reply import Reply, Stage
from domain.test_mail import TestOutcome, TestState
from repositories.bulk import written
from repositories.connection import Database, Document, collection
from repositories.email_documents import reply_document
from repositories.errors import streamed


class MongoTestMails:
    def __init__(self, database: Database) -> None:
        self._mails = collection(database, "test_mails")

    async def save(self, outcomes: Sequence[TestOutcome]) -> None:
        documents = [_document(outcome) for outcome in outcomes]
        await written(self._mails, [ReplaceOne({"_id": each["_id"]}, each, upsert=True) for each in documents])

    async def of(self, request: str) -> Sequence[TestOutcome]:
        within = {"$gt": f"{request}:", "$lt": f"{request};"}
        return [_outcome(found) async for found in streamed(self._mails.find({"_id": within}).sort("_id", 1))]


def _document(outcome: TestOutcome) -> Document:
    return {
        "_id": f"{outcome.request}:{outcome.address.lower()}",
        "request": outcome.request,
        "address": outcome.address,
        "state": outcome.state,
        "at": outcome.at,
        "reply": reply_document(outcome.reply) if outcome.reply else None,
        "detail": outcome.detail,
    }


def _outcome(document: Mapping[str, Any]) -> TestOutcome:
    reply = document["reply"]
    return TestOutcome(
        request=document["request"],
        address=document["address"],
        state=TestState(document["state"]),
        at=document["at"],
        reply=Reply(reply["code"], reply["text"], Stage(reply["stage"]), reply["relay"]) if reply else None,
        detail=document["detail"],
    )
