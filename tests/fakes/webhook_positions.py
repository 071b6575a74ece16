"""Positions of the webhook in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from domain.errors import Conflict
from domain.webhook import Position


class MemoryWebhookPositions:
    def __init__(self, *positions: Position) -> None:
        self.stored = {position.stream: position for position in positions}

    async def load(self) -> Mapping[str, Position]:
        return dict(self.stored)

    async def save(self, position: Position) -> Position:
        known = self.stored.get(position.stream)
        if position.revision != (known.revision if known else 0):
            raise Conflict("somebody else has moved the webhook")
        self.stored[position.stream] = saved = replace(position, revision=position.revision + 1)
        return saved
