"""A follower of the feed wants part of a stream once more: it was away, or found a gap."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field, model_validator

from messages.base import Message


class FeedReplayRequested(Message):
    """What comes again has the ids and numbers that it had, and the header `x-replay` with this request's id."""

    queue: ClassVar[str] = "feed-replay-requested"
    dated: ClassVar[str] = "asked_at"
    identity: ClassVar[str] = "request_id"

    request_id: str = Field("", max_length=800)  #: equal for repeats of one request; left out, the event's identity
    stream: str = Field(min_length=1, max_length=300)
    from_number: int = Field(ge=1)
    to_number: int | None = Field(None, ge=1)  #: None: all there are
    to_queue: str | None = Field(None, min_length=1, max_length=255)  #: None: to everybody who follows
    asked_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _range_is_one(self) -> FeedReplayRequested:
        if self.to_number is not None and self.to_number < self.from_number:
            raise ValueError("to_number is before from_number")
        return self
