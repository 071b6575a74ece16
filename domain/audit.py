"""Who had what changed, and when: every command that changes something, whoever gave it.

No personal data but the operator's name: a person stands in it as the contact's id.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.contact import Contact

DONE = "done"
READER, PAGE = "reader", "page"  #: who and via of what readers change for themselves, on our pages
CHOICES = "topics: "  #: with which the words of what somebody chose begin


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: str  #: of the command, or of the message that asked; the same request is one entry, however often it comes
    at: datetime
    who: str  #: the operator's name, as far as anybody said it
    via: str  #: "cli", "token:<name>", "message:<source>", or PAGE
    what: str  #: "campaign pause", "send-requested"
    subject: str = ""  #: "campaign:spring", "sync:leads", "contact:<id>"; empty: the deployment
    before: str | None = None  #: what it was: the status of a campaign or sync, the limit of a throttle
    after: str | None = None
    outcome: str | None = None  #: DONE, or why not; None: it was never told, as of a process that was killed


def suppressed(reasons: Collection[str]) -> str:
    """What entries say of whether somebody is suppressed."""
    return f"suppressed: {' '.join(sorted(reasons))}" if reasons else "not suppressed"


def choices(contact: Contact) -> str:
    """What entries say of what somebody chose; erased with the person."""
    opted_out = "opted out" if contact.opted_out else "not opted out"
    topics, left = _named(contact.topics), _named(contact.left_topics)
    return f"{CHOICES}{topics}; left: {left}; tracking: {contact.tracking}; {opted_out}"


def _named(topics: Collection[str]) -> str:
    return " ".join(sorted(topics)) or "none"


class Ending(StrEnum):
    """How entries ended, as somebody looks for them."""

    DONE = "done"
    REFUSED = "refused"  #: or failed, or stopped: the outcome says why
    UNKNOWN = "unknown"  #: killed, or not ended yet

    @classmethod
    def of(cls, outcome: str | None) -> Ending:
        if outcome is None:
            return cls.UNKNOWN
        return cls.DONE if outcome == DONE else cls.REFUSED


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Entries that somebody wants to see: those that meet everything that is said."""

    subject: str | None = None
    who: str | None = None
    since: datetime | None = None
    limit: int = 100  #: the newest; 0: all of them
    what: str | None = None  #: a command, all of a group, or a type of message: "campaign pause", "campaign"
    kind: str | None = None  #: of subject, one or several: "campaign", "list"
    via: str | None = None  #: "cli", "token", "token:<name>", …
    readers: bool = True  #: also what readers changed for themselves: many, after a large campaign
    ending: Ending | None = None
    after: str | None = None  #: the id of an entry: only those that are listed below it; of one that is gone, none
