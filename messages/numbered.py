"""What all messages of the numbered streams of the feed have in common; docs/feed.md."""

from __future__ import annotations

from pydantic import Field

from messages.base import FeedMessage


class Numbered(FeedMessage):
    """May come more than once, under the same id and number; within a stream never before the one with the last."""

    stream: str = Field("", description="campaign:<id>, contacts or syncs")
    number: int = Field(0, ge=0, description="1, 2, 3 … in its stream, without gaps")
