"""What became of an email after it was sent."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from messages.base import Message


class EventType(StrEnum):
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    REPLIED = "replied"
    AUTOREPLY = "autoreply"


class Evidence(BaseModel):
    """What the report rests on; kept, so that the verdict can be recomputed (X6)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: int | None = Field(None, ge=200, le=599)  #: RFC 5321
    enhanced: str | None = Field(None, max_length=20)  #: RFC 3463
    text: str | None = Field(None, max_length=8192)
    source: str | None = Field(None, max_length=100)  #: "dsn", "arf", "webhook:ses", "pixel", …
    reason: str | None = Field(None, max_length=40)  #: why it did not arrive, in the words of D13, as it was judged
    rule: str | None = Field(None, max_length=100)  #: which rule decided that
    confidence: str | None = Field(None, max_length=20)  #: text, code or fallback
    permanent: bool | None = None  #: of a report by mail: whether it was refused for good
    stage: str | None = Field(None, max_length=10)  #: connect, mail, rcpt or data, where a report says it
    told: str | None = Field(None, max_length=4096)  #: words of the one that reports it, where those decided
    #: told of another address than the one that was mailed, or with nothing that proves it: never enough to suppress
    hearsay: bool | None = None
    raw: str | None = Field(None, max_length=32768)  #: excerpt of the mail that came in


class DeliveryEvent(Message):
    """One report. May repeat (`event_id` is equal then), come late and out of order.

    The email is named by its id, by campaign and address, or by its Message-ID.
    """

    queue: ClassVar[str] = "delivery-event"
    happened: ClassVar[tuple[str, ...]] = ("occurred_at",)

    event_id: str = Field(min_length=1, max_length=200)
    event: EventType
    email_id: str | None = Field(None, max_length=200)
    campaign_id: str | None = Field(None, max_length=40)
    address: str | None = Field(None, max_length=320)
    message_id: str | None = Field(None, max_length=998)
    occurred_at: AwareDatetime
    evidence: Evidence | None = None
    url: str | None = Field(None, max_length=8192)  #: of a click
    user_agent: str | None = Field(None, max_length=1024)
    ip: str | None = Field(None, max_length=45)
    by_machine: bool = False  #: a privacy proxy, filter or scanner opened or clicked: counted apart, wakes nobody

    @model_validator(mode="after")
    def _names_an_email(self) -> DeliveryEvent:
        if not (self.email_id or self.message_id or (self.campaign_id and self.address)):
            raise ValueError("email_id, message_id, or campaign_id with address says which email is meant")
        return self
