"""Tells publishers what was parked and why."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime

from messages.base import FeedMessage


class MessageRefused(FeedMessage):
    queue: ClassVar[str] = "message-refused"

    refused_queue: str  #: where it had come to
    message_id: str  #: the CloudEvents id, or the AMQP one where there was none
    reason: str  #: one word, such as invalid_message or unknown_campaign
    error: str  #: in plain words, each field and what is wrong with it
    parked_at: AwareDatetime
