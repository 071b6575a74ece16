"""Asks the CRM for a whole record: an event named it only by id, or in part and we had never seen it."""

from __future__ import annotations

from typing import ClassVar

from messages.base import FeedMessage


class RecordWanted(FeedMessage):
    queue: ClassVar[str] = "record-wanted"

    module: str
    record_id: str
