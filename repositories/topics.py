"""Topics. {_id: topic id, name}"""

from __future__ import annotations

from collections.abc import Sequence

from domain.lists import Topic
from repositories.bulk import insert_missing
from repositories.connection import Database, collection
from repositories.errors import answered, streamed


class MongoTopics:
    def __init__(self, database: Database) -> None:
        self._topics = collection(database, "topics")

    async def get(self, topic_id: str) -> Topic | None:
        document = await answered(self._topics.find_one({"_id": topic_id}))
        return Topic(document["_id"], document["name"]) if document else None

    async def add(self, topic: Topic) -> None:
        await insert_missing(self._topics, [{"_id": topic.id, "name": topic.name}])

    async def rename(self, topic: Topic) -> bool:
        """Give a stored topic this name; False when there is none."""
        found = await answered(self._topics.update_one({"_id": topic.id}, {"$set": {"name": topic.name}}))
        return bool(found.matched_count)

    async def all(self) -> Sequence[Topic]:
        """In the order of their ids."""
        cursor = self._topics.find().sort("_id", 1)
        return [Topic(document["_id"], document["name"]) async for document in streamed(cursor)]
