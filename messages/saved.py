"""What documents have in common that people keep in the CRM or in git: where they come from, and which is newer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.campaign import Origin
from domain.record import order_of
from messages.base import Message
from messages.record_changed import MAX_INT

#: Nothing in it ends a line: what stands in a header of an email begins no other one.
OneLine = Annotated[str, Field(max_length=998, pattern=r"^[^\x00\n\x0b\x0c\r\x85\u2028\u2029]*$")]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Saved(Message):
    """`source_version`, else `saved_at`, says which of two documents about one thing is newer: an older one changes
    nothing. Without either, the event's time is taken.
    """

    happened: ClassVar[tuple[str, ...]] = ("saved_at",)
    dated: ClassVar[str] = "saved_at"

    origin: Origin = Origin.CRM
    source_version: int | None = Field(None, ge=0, le=MAX_INT)
    saved_at: AwareDatetime | None = None
    saved_by: OneLine = Field("", max_length=200)  #: who wrote it, and may not approve it (docs/review.md)

    @property
    def author(self) -> str | None:
        """Who wrote it; None where nobody says so: that it came out of the CRM makes nobody its author."""
        return self.saved_by.strip() or None

    @property
    def order(self) -> int | None:
        """What decides which document is newer; None for one that somebody here wrote by hand."""
        if self.source_version is None and self.saved_at is None:
            return None
        return order_of(self.source_version, self.saved_at or datetime.min.replace(tzinfo=UTC))

    def is_overtaken(self, stored: int | None) -> bool:
        """Whether the upstream said something newer, or just this, before; what was changed here meanwhile stays (D4).

        `stored` is the order of the newest document before it.
        """
        return self.order is not None and stored is not None and self.order <= stored
