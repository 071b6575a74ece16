"""What happens when a follower wants part of the feed once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.feed import Replay
from handlers.ports.feed import Replays
from messages.base import Message
from messages.feed_replay_requested import FeedReplayRequested


@dataclass(frozen=True, slots=True)
class ReplayDesk:
    """Notes it; the relay, who alone publishes the feed, does it between what is new."""

    replays: Replays

    async def __call__(self, asked: FeedReplayRequested) -> Sequence[Message]:
        replay = Replay(
            asked.request_id, asked.stream, asked.from_number, asked.to_number, asked.to_queue, asked.asked_at
        )
        await self.replays.add(replay)
        return []
