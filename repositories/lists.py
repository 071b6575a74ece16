"""Mailing lists. {_id: list id, name, message, subscription: absent means marketing}

Who is on a list stands with the contacts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.contact import SubscriptionType
from domain.lists import MailingList
from repositories.bulk import insert_missing
from repositories.connection import Database, collection
from repositories.errors import answered, streamed


class MongoLists:
    def __init__(self, database: Database) -> None:
        self._lists = collection(database, "lists")

    async def get(self, list_id: str) -> MailingList | None:
        document = await answered(self._lists.find_one({"_id": list_id}))
        return _list(document) if document else None

    async def add(self, mailing_list: MailingList) -> None:
        document = {
            "_id": mailing_list.id,
            "name": mailing_list.name,
            "message": mailing_list.message,
            "subscription": mailing_list.subscription,
        }
        await insert_missing(self._lists, [document])

    async def redefine(self, mailing_list: MailingList) -> bool:
        """Give a stored list this name, message and type; False when there is none."""
        changes = {
            "name": mailing_list.name,
            "message": mailing_list.message,
            "subscription": mailing_list.subscription,
        }
        found = await answered(self._lists.update_one({"_id": mailing_list.id}, {"$set": changes}))
        return bool(found.matched_count)

    async def all(self) -> Sequence[MailingList]:
        """In the order of their ids."""
        return [_list(document) async for document in streamed(self._lists.find().sort("_id", 1))]


def _list(document: Mapping[str, Any]) -> MailingList:
    subscription = SubscriptionType(document.get("subscription", SubscriptionType.MARKETING))
    return MailingList(document["_id"], document["name"], document["message"], subscription)
