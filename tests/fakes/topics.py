"""Topics in memory."""

from __future__ import annotations

from collections.abc import Sequence

from domain.lists import Topic


class MemoryTopics:
    def __init__(self, *topics: Topic) -> None:
        self.stored: dict[str, Topic] = {topic.id: topic for topic in topics}

    async def get(self, topic_id: str) -> Topic | None:
        return self.stored.get(topic_id)

    async def add(self, topic: Topic) -> None:
        self.stored.setdefault(topic.id, topic)

    async def rename(self, topic: Topic) -> bool:
        known = topic.id in self.stored
        self.stored |= {topic.id: topic} if known else {}
        return known

    async def all(self) -> Sequence[Topic]:
        return [self.stored[key] for key in sorted(self.stored)]
