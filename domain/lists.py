"""Mailing lists, and suppressions that outlive everybody on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.contact import SubscriptionType
from domain.eligibility import SuppressionReason


@dataclass(frozen=True, slots=True)
class MailingList:
    id: str
    name: str
    message: str = ""  #: what its subscribers read about it (R50)
    subscription: SubscriptionType = SubscriptionType.MARKETING  #: of those imported into it


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


@dataclass(frozen=True, slots=True)
class Lifted:
    """A suppression that somebody took back."""

    suppression: Suppression
    at: datetime
    because: str  #: who has what proof; no address
