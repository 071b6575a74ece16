"""Somebody wants a person's data erased (GDPR, Art. 17)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field, model_validator

from messages.base import Message


class ErasureRequested(Message):
    """By address, by record, or both. Asked twice, it looks once more whether anything is left."""

    queue: ClassVar[str] = "erasure-requested"
    dated: ClassVar[str] = "asked_at"
    identity: ClassVar[str] = "request_id"

    request_id: str = Field("", max_length=800)  #: equal for repeats of one request; left out, the event's identity
    address: str | None = Field(None, min_length=3, max_length=320)
    record: str | None = Field(None, pattern=r"^[^:]+:.+$", max_length=400)  #: "module:record_id"
    reason: str = Field("", max_length=200)  #: a ticket number, a date; no name and no address: it is kept
    confirmed_by: str = Field("", max_length=200)
    asked_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _somebody_is_named(self) -> ErasureRequested:
        if self.address is None and self.record is None:
            raise ValueError("name whom to erase: address, or record")
        return self
