"""Bearer tokens of the event gateway; the tokens themselves are kept nowhere.

{_id, name, scopes: [message type | "all"], digest: SHA-256, created_at, revoked_at}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from domain.api_token import ApiToken
from repositories.bulk import insert_missing
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed


class MongoApiTokens:
    def __init__(self, database: Database) -> None:
        self._tokens = collection(database, "tokens")

    async def add(self, token: ApiToken) -> None:
        await insert_missing(self._tokens, [_document(token)])

    async def find(self, token_id: str) -> ApiToken | None:
        document = await answered(self._tokens.find_one({"_id": token_id}))
        return _token(document) if document else None

    async def all(self) -> Sequence[ApiToken]:
        """The oldest first."""
        cursor = self._tokens.find().sort([("created_at", 1), ("_id", 1)])
        return [_token(document) async for document in streamed(cursor)]

    async def revoke(self, token_id: str, at: datetime) -> bool:
        """Whether there is such a token; one that is revoked stays as it is."""
        only_open = {"$set": {"revoked_at": {"$ifNull": ["$revoked_at", at]}}}
        found = await answered(self._tokens.update_one({"_id": token_id}, [only_open]))
        return bool(found.matched_count)


def _document(token: ApiToken) -> Document:
    values = asdict(token)
    return {"_id": values.pop("id"), **values, "scopes": sorted(token.scopes)}


def _token(document: Document) -> ApiToken:
    scopes = frozenset(document.pop("scopes"))
    return ApiToken(id=document.pop("_id"), scopes=scopes, **document)
