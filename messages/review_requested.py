"""A campaign is to be reviewed."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from messages.base import Message
from messages.sync_requested import Id


class ReviewRequested(Message):
    """Asks for a review (R54-R56). `run_id`, `phase` and `slice` are ours: one slice of a review under way."""

    queue: ClassVar[str] = "review-requested"

    campaign_id: Id
    include_existing_members: bool = False
    confirmed_by: str = Field("", max_length=200)
    run_id: str | None = None
    phase: str | None = None
    slice: int | None = Field(None, ge=0)
