"""How far each stream of the feed is delivered to the webhook.

{_id: stream, number, failures, next_at or null, why, parked: [number], tried_at or null, revision: counts writes,
 saved_by}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from domain.errors import Conflict
from domain.webhook import Position
from repositories.bulk import save_revised
from repositories.connection import Database, collection
from repositories.errors import streamed


class MongoWebhookPositions:
    def __init__(self, database: Database) -> None:
        self._positions = collection(database, "webhook_positions")

    async def load(self) -> Mapping[str, Position]:
        return {document["_id"]: _position(document) async for document in streamed(self._positions.find({}))}

    async def save(self, position: Position) -> Position:
        saved = replace(position, revision=position.revision + 1)
        document = asdict(saved)
        if await save_revised(self._positions, [{"_id": document.pop("stream"), **document}]):
            raise Conflict(f"{position.stream}: somebody else has moved the webhook")
        return saved


def _position(document: Mapping[str, Any]) -> Position:
    known = {name: value for name, value in document.items() if name not in {"_id", "saved_by"}}
    return Position(**{**known, "stream": document["_id"], "parked": tuple(document["parked"])})
