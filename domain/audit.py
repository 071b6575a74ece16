"""Who had what changed, and when: every command that changes something, whoever gave it.

No personal data but the operator's name: a person stands in it as the contact's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

DONE = "done"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: str  #: of the command, or of the message that asked; the same request is one entry, however often it comes
    at: datetime
    who: str  #: the operator's name, as far as anybody said it
    via: str  #: "cli", "token:<name>", or "message:<source>"
    what: str  #: "campaign pause", "send-requested"
    subject: str = ""  #: "campaign:spring", "sync:leads", "contact:<id>"; empty: the deployment
    before: str | None = None  #: the status of a campaign or sync then
    after: str | None = None
    outcome: str | None = None  #: DONE, or why not; None: it was never told, as of a process that was killed


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Entries that somebody wants to see: those that meet everything that is said."""

    subject: str | None = None
    who: str | None = None
    since: datetime | None = None
    limit: int = 100  #: the newest; 0: all of them
