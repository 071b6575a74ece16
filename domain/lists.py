"""Mailing lists, and suppressions that outlive everybody on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.eligibility import SuppressionReason


@dataclass(frozen=True, slots=True)
class MailingList:
    id: str
    name: str
    message: str = ""  #: what its subscribers read about it (R50)


@dataclass(frozen=True, slots=True)
class Topic:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why an address is never mailed again. Kept by the contact's id, so that an erased person stays suppressed."""

    contact_id: str
    reason: SuppressionReason
    at: datetime
    evidence: str = ""  #: campaign and reply, or who did it by hand; no address
