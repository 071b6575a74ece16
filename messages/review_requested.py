"""A campaign is to be reviewed."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from messages.base import Message
from messages.sync_requested import Id


class ReviewRequested(Message):
    """Asks for a review (R54-R56). `run_id`, `phase` and `slice` are ours: one slice of a review under way.

    The same request again begins nothing new, not even after its review has ended: `request_id` is remembered. Leave
    it out; it is the event's source and id then.
    """

    queue: ClassVar[str] = "review-requested"
    identity: ClassVar[str] = "request_id"

    campaign_id: Id
    include_existing_members: bool = False
    confirmed_by: str = Field("", max_length=200)
    request_id: str | None = Field(None, max_length=800)
    run_id: str | None = None
    phase: str | None = None
    slice: int | None = Field(None, ge=0)
