"""Mail that came in, and what is kept of mail that leads to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ArrivedMail:
    """One mail as a mail server handed it to us."""

    sender: str  #: of the envelope; empty for reports, which nobody answers (RFC 5321, 4.5.5)
    recipients: tuple[str, ...]  #: of the envelope, each one an address of ours
    raw: bytes


#: Reports that are kept at most, each with up to 16 KiB: anybody can send them, to addresses that need no token.
MOST_UNATTRIBUTED = 20_000


@dataclass(frozen=True, slots=True)
class Unattributed:
    """A report that changes nothing: nothing proves that it is about a mail of ours, or it says nothing of one."""

    id: str  #: the same for the same mail
    at: datetime
    kind: str  #: a MailKind
    rule: str
    why: str  #: "no_token", "says_nothing", "wrong_purpose"
    contact_ids: tuple[str, ...]  #: of the people that it names, or that its address named
    raw: str  #: excerpt
