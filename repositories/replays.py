"""Requests for a replay of the feed, one document each.

{_id: request id, stream, first, last or null, queue or null, next, asked_at, ended_at or null, ended_because,
 failures, next_at or null, why: it waits}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from domain.feed import Replay
from repositories.bulk import insert_missing
from repositories.connection import Database, collection
from repositories.errors import answered, streamed

_MOVING = ("next", "ended_at", "ended_because", "failures", "next_at", "why")


class MongoReplays:
    def __init__(self, database: Database) -> None:
        self._replays = collection(database, "replays")

    async def add(self, replay: Replay) -> None:
        document = asdict(replay)
        await insert_missing(self._replays, [{"_id": document.pop("id"), **document}])

    async def get(self, replay_id: str) -> Replay | None:
        document = await answered(self._replays.find_one({"_id": replay_id}))
        return _replay(document) if document else None

    async def open(self) -> Sequence[Replay]:
        found = self._replays.find({"ended_at": None}).sort([("asked_at", 1), ("_id", 1)])
        return [_replay(document) async for document in streamed(found)]

    async def save(self, replay: Replay) -> None:
        changes = {name: getattr(replay, name) for name in _MOVING}
        await answered(self._replays.update_one({"_id": replay.id}, {"$set": changes}))

    async def forget(self, before: datetime) -> None:
        await answered(self._replays.delete_many({"ended_at": {"$lt": before}}))


def _replay(document: Mapping[str, Any]) -> Replay:
    known = dict(document)
    return Replay(id=known.pop("_id"), **known)
