"""A test email is to be sent (R68, R69): it touches no statistics, list or member status."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from messages.base import Message
from messages.sync_requested import Id


class TestRequested(Message):
    __test__: ClassVar[bool] = False  # the name is the queue's, not a test's
    queue: ClassVar[str] = "test-requested"

    campaign_id: Id
    addresses: Annotated[list[Annotated[str, Field(min_length=3, max_length=320)]], Field(min_length=1, max_length=5)]
    request_id: str = Field("", max_length=100)  #: equal for repeats of one request: nobody gets a test twice for it
    contact: str | None = None  #: the address of a contact whose values are shown
    values: dict[str, Any] = Field(default_factory=dict)  #: sample values; they win over the contact's
