"""People themselves: their records, their contact, and what is held against or for their address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.eligibility import SuppressionReason
from domain.erasure import Person
from repositories.connection import Database, Document, collection
from repositories.errors import answered, streamed


class RecordTraces:
    """Records go; a suppression under the record's key keeps late events from bringing one back."""

    collection = "records"

    def __init__(self, database: Database) -> None:
        self._records = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        return [document async for document in streamed(self._records.find(_named(person)))]

    async def erase(self, person: Person) -> int:
        return (await answered(self._records.delete_many(_named(person)))).deleted_count


def _named(person: Person) -> Document:
    return {"_id": {"$in": list(person.refs)}}


class ContactTraces:
    """In a contact's place stands {_id, erased_at}: a worker that had it in memory finds no revision to replace."""

    collection = "contacts"

    def __init__(self, database: Database) -> None:
        self._contacts = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        found = {"_id": person.contact_id, "address": {"$exists": True}}
        return [document async for document in streamed(self._contacts.find(found))]

    async def erase(self, person: Person) -> int:
        if person.contact_id is None:
            return 0
        stone = {"erased_at": datetime.now(UTC)}
        before = await answered(self._contacts.find_one_and_replace({"_id": person.contact_id}, stone, upsert=True))
        return int(bool(before) and "address" in before)


class StrikeTraces:
    collection = "strikes"

    def __init__(self, database: Database) -> None:
        self._strikes = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        return [document async for document in streamed(self._strikes.find(_of_key(person)))]

    async def erase(self, person: Person) -> int:
        return (await answered(self._strikes.delete_many(_of_key(person)))).deleted_count


class SuppressionTraces:
    """Reasons and their times stay, without a word: who comes back by own wish had still complained, or left.

    What the feed has not told it tells by hash: the address stood in the contact.
    """

    collection = "suppressions"

    def __init__(self, database: Database) -> None:
        self._suppressions = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        return [document async for document in streamed(self._suppressions.find(_of_key(person)))]

    async def erase(self, person: Person) -> int:
        erased = f"reasons.{SuppressionReason.ERASED}"
        theirs = {**_of_key(person), erased: {"$exists": True}}
        wordless: list[Document] = [{"$set": {"reasons": _REASONS, "feed": _FEED}}, {"$unset": "lifted"}]
        return (await answered(self._suppressions.update_many(theirs, wordless))).modified_count


_NO_EVIDENCE: Document = {"evidence": ""}
_EACH: Document = {"k": "$$this.k", "v": {"$mergeObjects": ["$$this.v", _NO_EVIDENCE]}}
_REASONS: Document = {"$arrayToObject": {"$map": {"input": {"$objectToArray": "$reasons"}, "in": _EACH}}}
_NEWS: Document = {"$map": {"input": "$feed", "in": {"$mergeObjects": ["$$this", _NO_EVIDENCE]}}}
_FEED: Document = {"$cond": [{"$isArray": "$feed"}, _NEWS, "$$REMOVE"]}


def _of_key(person: Person) -> Document:
    return {"_id": {"$in": sorted(person.keys)}}
