"""A module was published whole: the records before this message are all there are (R9)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field

from messages.base import Message
from messages.record_changed import ModuleName


class SnapshotFinished(Message):
    """Makes "all records are synced" checkable: `count` records of the module existed at `taken_at`."""

    queue: ClassVar[str] = "snapshot-finished"
    happened: ClassVar[tuple[str, ...]] = ("taken_at",)

    module: ModuleName
    count: int = Field(ge=0)
    taken_at: AwareDatetime
