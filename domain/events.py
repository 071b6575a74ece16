"""Delivery events as they are kept: one document each, so that a verdict can be recomputed (X6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.ruling import Ruling


@dataclass(frozen=True, slots=True)
class StoredEvent:
    id: str  #: the provider's event id
    email_id: str
    event: str
    at: datetime
    evidence: dict[str, str | int] | None = None
    url: str | None = None
    user_agent: str | None = None
    by_machine: bool = False  #: opened or clicked by a proxy, filter or scanner
    ruling: Ruling | None = None  #: of a bounce; None of one that was stored before verdicts were kept


@dataclass(frozen=True, slots=True)
class Overruled:
    """A bounce of which the rules say another thing than they did."""

    event_id: str
    was: Ruling | None
    now: Ruling
    at: datetime
