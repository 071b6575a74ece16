"""What people agreed to or refused, when, where, and what proves it (D6, D12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.campaign import LawfulBasis

#: Kept of one person; the oldest go first. Nobody changes their mind so often but a script.
MOST_KEPT = 100


class ConsentTo(StrEnum):
    MAIL = "mail"
    TRACKING = "tracking"  #: opens and clicks are told of this person, not only counted (D12)


class Tracking(StrEnum):
    """What a person said to being tracked."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Consent:
    """One yes or no. Never changed afterwards: a change of mind is another one."""

    to: ConsentTo
    given: bool  #: opt-in, or opt-out
    at: datetime  #: aware, UTC
    source: str  #: "import:<id>", "preferences", "operator", a form's name
    proof: str = ""  #: what shows it: the text agreed to, a ticket, the address it came from
    basis: LawfulBasis | None = None  #: of an opt-in


def remembered(known: tuple[Consent, ...], told: Iterable[Consent]) -> tuple[Consent, ...]:
    """All of them in the order of their times; one that is known already changes nothing."""
    news = tuple(consent for consent in dict.fromkeys(told) if consent not in known)
    # No comes last of two at the same time: in doubt nobody is written to.
    return tuple(sorted((*known, *news), key=_order)[-MOST_KEPT:]) if news else known


def newest(consents: Iterable[Consent], to: ConsentTo) -> Consent | None:
    """What was said last about it."""
    return max((consent for consent in consents if consent.to is to), key=_order, default=None)


def tracking(consents: Iterable[Consent]) -> Tracking:
    said = newest(consents, ConsentTo.TRACKING)
    if said is None:
        return Tracking.UNKNOWN
    return Tracking.YES if said.given else Tracking.NO


def _order(consent: Consent) -> tuple[datetime, bool]:
    return consent.at, not consent.given
