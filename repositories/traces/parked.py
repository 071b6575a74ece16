"""Messages that were given up: bodies may be about anybody, in any form, and are read one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from gridfs.errors import CorruptGridFile, NoFile

from domain.erasure import GONE, Person, redacted_body
from domain.parked import message_type
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed
from repositories.parked_bodies import LARGE_BYTES, ParkedBodies

_AT_ONCE = 50  #: messages per round trip: a body may be 1 MiB


class ParkedTraces:
    """A message about this person alone is dropped; of any other, the person is taken out."""

    collection = "parked"

    def __init__(self, database: Database) -> None:
        self._parked = collection(database, self.collection)
        self._bodies = ParkedBodies(database)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        """As text, with what a message about many people says of others."""
        return [
            {
                "_id": document["_id"],
                "queue": document["queue"],
                "parked_at": document["parked_at"],
                "body": _text(body),
            }
            async for document, body in self._mentioning(person)
        ]

    async def erase(self, person: Person) -> int:
        changed = 0
        async for document, body in self._mentioning(person):
            changed += await self._erase(document, body, person)
        return changed

    async def _mentioning(self, person: Person) -> AsyncIterator[tuple[Document, bytes]]:
        if person.mentions is None:
            return
        async for document in streamed(self._parked.find({}).batch_size(_AT_ONCE)):
            body = await self._body(document)
            said = " ".join([document["error"], str(document["headers"]), document["message_id"], document["_id"]])
            if person.mentioned_in(_text(body)) or person.mentioned_in(said):
                yield document, body

    async def _body(self, document: Document) -> bytes:
        """Empty where its file is gone, also in between: retention drops the file first, and may have been killed."""
        if "body" in document:
            return bytes(document["body"])
        try:
            return await self._bodies.of(document)
        except (NoFile, CorruptGridFile):
            return b""

    async def _erase(self, document: Document, body: bytes, person: Person) -> int:
        """Whoever parks it again meanwhile leaves another one, which is looked at by whoever parks it."""
        this = {"_id": document["_id"], "parked_at": document["parked_at"]}
        kept = redacted_body(body, document.get("type") or message_type(body), person)
        if kept is None or person.mentioned_in(document["_id"]):
            removed = (await answered(self._parked.delete_one(this))).deleted_count
            await self._bodies.drop([document] if removed else [])
            return removed
        changes: Document = {
            "error": _redacted(document["error"], person),
            "message_id": _redacted(document["message_id"], person),
            "headers": [],
            "body_bytes": len(kept),
        }
        if len(kept) > LARGE_BYTES:
            changes["body_file"] = await self._bodies.store(document["_id"], kept)
        else:
            changes["body"] = kept
        gone = {"$unset": {"body" if "body_file" in changes else "body_file": ""}}
        changed = (await answered(self._parked.update_one(this, {"$set": changes, **gone}))).modified_count
        await self._bodies.drop([document] if changed else [])
        return changed


def _redacted(text: str, person: Person) -> str:
    """Quoted words of the body may be any of the person's."""
    return GONE if person.mentioned_in(text) else text


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
