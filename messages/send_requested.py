"""A reviewed campaign is to be sent."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field

from messages.base import Message
from messages.sync_requested import Id


class SendRequested(Message):
    queue: ClassVar[str] = "send-requested"

    campaign_id: Id
    at: AwareDatetime | None = None  #: null is now
    confirmed_by: str = Field("", max_length=200)
    due: AwareDatetime | None = None  #: internal: the time that has come; void if it was put off or taken back
