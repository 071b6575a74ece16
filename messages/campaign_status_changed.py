"""A campaign has moved on; every move is told, in order."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime

from messages.numbered import Numbered


class CampaignStatusChanged(Numbered):
    queue: ClassVar[str] = "campaign-status-changed"

    campaign_id: str
    status: str
    changed_at: AwareDatetime | None = None
    reason: str | None = None  #: why it was rejected, paused, stopped or cancelled
