"""A batch of emails is to be sent. Only planned or due rows of a campaign that is being sent ever are."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from messages.base import Message
from messages.sync_requested import Id

URGENT = "send-batch.urgent"  #: the lane of test mails and autoresponder steps


class SendBatch(Message):
    """From us: a slice of the ledger. From outside: at most 500 addresses of it."""

    queue: ClassVar[str] = "send-batch"

    campaign_id: Id
    slice: int | None = Field(None, ge=0)
    addresses: Annotated[list[str], Field(max_length=500)] = Field(default_factory=list)
    urgent: bool = False

    @property
    def lane(self) -> str:
        return URGENT if self.urgent else self.queue

    @model_validator(mode="after")
    def _names_emails(self) -> SendBatch:
        if (self.slice is None) == (not self.addresses):
            raise ValueError("either slice or addresses says which emails are meant")
        return self
