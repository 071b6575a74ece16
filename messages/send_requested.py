"""A reviewed campaign is to be sent."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field, NaiveDatetime, model_validator

from domain.campaign import Origin
from domain.send_times import EARLIEST, LATEST
from messages.base import Message
from messages.sync_requested import Id


class SendRequested(Message):
    """Asks for a campaign to be sent. `due` is ours.

    The same request again does nothing new, not even after the campaign was taken off the schedule or reopened:
    `request_id` is remembered. Leave it out; it is the event's source and id then.
    """

    queue: ClassVar[str] = "send-requested"
    dated: ClassVar[str] = "asked_at"
    identity: ClassVar[str] = "request_id"

    campaign_id: Id
    at: AwareDatetime | None = None  #: null is now
    local_at: NaiveDatetime | None = Field(
        None, ge=EARLIEST, lt=LATEST
    )  #: instead of `at`: when it is that time where each recipient lives
    confirmed_by: str = Field("", max_length=200)
    #: Where it is asked for: in the CRM that needs edition enterprise or above (R6), here every edition sends (R5).
    origin: Origin = Origin.CAMPAIGNS
    request_id: str | None = Field(None, max_length=800)
    #: When it was asked for; left out, the event's time. A time that had passed by then is a slip, and refused.
    asked_at: AwareDatetime | None = None
    due: AwareDatetime | None = None  #: internal: the time that has come; void if it was put off or taken back

    @model_validator(mode="after")
    def _one_time(self) -> SendRequested:
        if self.at is not None and self.local_at is not None:
            raise ValueError("local_at: leave it out, or leave out at: a campaign has one time")
        return self
