"""What was sent to people, what was heard of it, and what others were told of that. Numbers stay; names go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import UpdateMany, UpdateOne

from domain.email import SkipReason
from domain.erasure import GONE, IMPERSONAL, Person, event_key
from repositories.bulk import Operation, insert_missing
from repositories.connection import Collection, Database, Document, collection
from repositories.errors import answered, streamed
from repositories.outbox import MongoOutbox

_GONE: Document = {"$literal": GONE}


class EmailTraces:
    """Rows keep their ids, which are keys, their states and their times: they are counted as before."""

    collection = "emails"

    def __init__(self, database: Database) -> None:
        self._emails = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        return [document async for document in streamed(self._emails.find(_theirs(person)))]

    async def erase(self, person: Person) -> int:
        rows = await answered(self._emails.find(_theirs(person), {"ref": 1, "campaign_id": 1}).to_list(None))
        operations: list[Operation] = [
            UpdateOne(_one(row), _anonymous(_stand_in(row.get("ref"), person))) for row in rows
        ]
        if not operations:
            return 0
        return (await answered(self._emails.bulk_write(operations, ordered=False))).modified_count


def _theirs(person: Person) -> Document:
    return {"contact_id": {"$in": sorted(person.keys)}}


def _one(row: Mapping[str, Any]) -> Document:
    return {"_id": row["_id"], "campaign_id": row["campaign_id"]}


def _stand_in(ref: str | None, person: Person) -> str | None:
    """Of a record that is not the person's any more, the module is left: numbers by module stay."""
    if ref is None or ":~" in ref:
        return ref
    return person.refs.get(ref, f"{ref.partition(':')[0]}:~")


def _anonymous(stand_in: str | None) -> list[Document]:
    """Topics of a conflict stay, for they are counted; so does what is only a word of ours."""
    is_conflict = {"$eq": ["$reason", SkipReason.TOPIC_CONFLICT]}
    earlier: Document = {"$map": {"input": "$earlier", "in": _without_words("$$this")}}
    return [
        {
            "$set": {
                "address": "",
                "identity": "",
                "detail": {"$cond": [is_conflict, "$detail", "$$REMOVE"]},
                "time_zone": "$$REMOVE",
                "ref": "$$REMOVE" if stand_in is None else {"$literal": stand_in},
                "reply": _silenced("$reply"),
                "earlier": {"$cond": [{"$isArray": ["$earlier"]}, earlier, "$$REMOVE"]},
            }
        }
    ]


def wordless_row() -> list[Document]:
    """A row without what servers answered; all else stays."""
    silent = {
        "$mergeObjects": ["$$this", {"$cond": [_there("$$this.reply"), {"reply": _silenced("$$this.reply")}, {}]}]
    }
    earlier: Document = {"$map": {"input": "$earlier", "in": silent}}
    kept = {"$cond": [{"$isArray": ["$earlier"]}, earlier, "$$REMOVE"]}
    return [{"$set": {"reply": _silenced("$reply"), "earlier": kept}}]


def _without_words(end: str) -> Document:
    kept = {"$unsetField": {"field": "detail", "input": end}}
    return {"$mergeObjects": [kept, {"$cond": [_there(f"{end}.reply"), {"reply": _silenced(f"{end}.reply")}, {}]}]}


def _silenced(reply: str) -> Document:
    """A reply without its text; absent where there was none."""
    return {"$cond": [_there(reply), {"$mergeObjects": [reply, {"text": _GONE}]}, "$$REMOVE"]}


def _there(field: str) -> Document:
    return {"$eq": [{"$type": field}, "object"]}


class EventTraces:
    """Events keep their kind, time and verdict; an id that others made is a keyed hash then, and known by it."""

    collection = "events"

    def __init__(self, database: Database, key: bytes) -> None:
        self._key = key
        self._events = collection(database, self.collection)
        self._emails = collection(database, "emails")

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        found = self._events.find({"email_id": {"$in": await _email_ids(self._emails, person)}})
        return [document async for document in streamed(found)]

    async def erase(self, person: Person) -> int:
        ids = await _email_ids(self._emails, person)
        if not ids:
            return 0
        changed = self._events.bulk_write([UpdateMany({"email_id": {"$in": ids}}, impersonal_event())])
        return max((await answered(changed)).modified_count, await self._rename(ids))

    async def _rename(self, email_ids: Sequence[str]) -> int:
        """Under their new ids first: killed in between, some count twice until a repeat; none is lost."""
        found = [each async for each in streamed(self._events.find({"email_id": {"$in": email_ids}}))]
        keys = {each["_id"]: event_key(each["_id"], self._key) for each in found}
        named = [each for each in found if keys[each["_id"]] != each["_id"]]
        if named:
            await insert_missing(self._events, [{**each, "_id": keys[each["_id"]]} for each in named])
            await answered(self._events.delete_many({"_id": {"$in": [each["_id"] for each in named]}}))
        return len(named)


def impersonal_event(*, url: bool = True) -> list[Document]:
    """An event without words, browser and, with `url`, where its link led: clicks are still counted."""
    kept = {"$filter": {"input": {"$objectToArray": "$evidence"}, "cond": {"$in": ["$$this.k", sorted(IMPERSONAL)]}}}
    words = {"$gt": [{"$size": {"$objectToArray": "$evidence"}}, {"$size": kept}]}
    silent: Document = {"$mergeObjects": [{"$arrayToObject": kept}, {"$cond": [words, {"text": _GONE}, {}]}]}
    there: Document = {"$eq": [{"$type": "$evidence"}, "object"]}
    changes: Document = {"evidence": {"$cond": [there, silent, None]}, "user_agent": None}
    if url:
        changes["url"] = {"$cond": [{"$gt": ["$url", ""]}, _GONE, "$url"]}
    return [{"$set": changes}]


class OutboxTraces:
    collection = "outbox"

    def __init__(self, database: Database) -> None:
        self._outbox = MongoOutbox(database)
        self._entries = collection(database, self.collection)

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]:
        return [document async for document in streamed(self._entries.find(_theirs(person)))]

    async def erase(self, person: Person) -> int:
        return await self._outbox.anonymise(person.keys)


async def _email_ids(emails: Collection, person: Person) -> list[str]:
    return [row["_id"] async for row in streamed(emails.find(_theirs(person), {"_id": 1}))]
