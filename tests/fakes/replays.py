"""Requests for a replay of the feed in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.feed import Replay


class MemoryReplays:
    def __init__(self, *replays: Replay) -> None:
        self.stored = {replay.id: replay for replay in replays}

    async def add(self, replay: Replay) -> None:
        self.stored.setdefault(replay.id, replay)

    async def get(self, replay_id: str) -> Replay | None:
        return self.stored.get(replay_id)

    async def open(self) -> Sequence[Replay]:
        found = [replay for replay in self.stored.values() if replay.ended_at is None]
        return sorted(found, key=lambda replay: (str(replay.asked_at), replay.id))

    async def save(self, replay: Replay) -> None:
        self.stored[replay.id] = replay

    async def forget(self, before: datetime) -> None:
        self.stored = {
            id_: replay for id_, replay in self.stored.items() if replay.ended_at is None or replay.ended_at >= before
        }
