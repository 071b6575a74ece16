"""Delivery events as they are kept: one document each, so that a verdict can be recomputed (X6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoredEvent:
    id: str  #: the provider's event id
    email_id: str
    event: str
    at: datetime
    evidence: dict[str, str | int] | None = None
    url: str | None = None
    user_agent: str | None = None
