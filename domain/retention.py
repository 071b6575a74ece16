"""How long what is kept of people is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is of one kind."""

    documents: int  #: altogether
    oldest: datetime | None  #: of those that could be too old some day
    due: int  #: too old now
    estimated: bool = False  #: reckoned from a part of them: there are too many to be read while somebody waits


@dataclass(frozen=True, slots=True)
class Step:
    """What one slice came to."""

    changed: int  #: documents that went, or lost their words
    after: str | None  #: where the next slice begins; None: this round is over


@dataclass(frozen=True, slots=True)
class Position:
    """How far the round of one kind is, whoever goes on with it."""

    kind: str
    after: str = ""
    next_at: datetime | None = None  #: the next round begins then; None: this one is under way


def too_old(days: float, now: datetime) -> datetime | None:
    """Before when it is too old; None: it is kept for ever."""
    return now - timedelta(days=days) if days else None
