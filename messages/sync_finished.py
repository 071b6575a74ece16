"""A run of a sync has ended."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime, Field

from messages.numbered import Numbered


class SyncFinished(Numbered):
    queue: ClassVar[str] = "sync-finished"

    sync_id: str
    run_id: str
    mode: str
    counts: dict[str, int] = Field(default_factory=dict)  #: as `campaigns sync show` has them
    ended_at: AwareDatetime
    because: str = ""  #: why it ended early
