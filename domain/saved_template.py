"""Templates that people keep under a name. A campaign copies what it uses, so later changes never reach it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SavedTemplate:
    name: str
    subject: str = ""  #: a suggestion; the campaign's own wins
    html: str | None = None
    text: str | None = None
    saved_at: datetime | None = None
    preheader: str = ""  #: a suggestion likewise
