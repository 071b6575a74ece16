"""A test email is to be sent (R68, R69): it touches no statistics, list or member status."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from messages.base import Message
from messages.sync_requested import Id


class TestRequested(Message):
    __test__: ClassVar[bool] = False  # the name is the queue's, not a test's
    queue: ClassVar[str] = "test-requested"

    campaign_id: Id
    addresses: Annotated[list[Annotated[str, Field(min_length=3, max_length=320)]], Field(min_length=1, max_length=5)]
    request_id: str = Field("", max_length=100)  #: equal for repeats of one request: nobody gets a test twice for it
    contact: str | None = None  #: the address of a contact whose values are shown
    #: Instead of `contact`: a CRM record, module:record_id, as a review would carry it over.
    record: str | None = Field(None, pattern=r"^[^:]+:.+$", max_length=500)
    values: dict[str, Any] = Field(default_factory=dict)  #: sample values; they win over the others

    @model_validator(mode="after")
    def _one_reader(self) -> TestRequested:
        if self.contact is not None and self.record is not None:
            raise ValueError("record: leave it out, or leave out contact: a test shows the values of one reader")
        return self
