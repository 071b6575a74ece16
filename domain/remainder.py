"""Whom a campaign that was sent has not reached, and may still reach (X2): "send to the remainder".

The row itself is planned once more; nobody gets a second row. So the books stay balanced, the Message-ID is the same,
and whatever is told late of the first try meets the row that it is about: who has the mail is not sent another.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.campaign import Campaign
from domain.contact import Contact
from domain.eligibility import SuppressionReason
from domain.email import NO_SLICE, NOT_SENT, EarlierEnd, Email, EmailState, SkipReason
from domain.last_check import last_check

#: States of which somebody may be in the remainder. Of a hard bounce the address, or its server, wants no mail.
LEFT_OUT = frozenset({EmailState.FAILED, EmailState.SKIPPED, EmailState.SOFT_BOUNCED, EmailState.IN_DOUBT})

#: Reasons to be skipped that hold for ever: the way through the series has ended, the day is over.
_FOR_GOOD = frozenset({SkipReason.LEFT_LIST, SkipReason.MISSED})


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator wants beyond those who failed, and those whose reason to be skipped holds no longer."""

    soft_bounced: bool = False  #: also those who were tried for days, or refused for a passing reason
    even_in_doubt: Collection[str] = frozenset()  #: ids of rows in doubt: these people may get it twice


class Stays(StrEnum):
    """Why somebody who was left out stays so; a skip that still holds is told by its `SkipReason`."""

    SOFT_BOUNCED = "soft_bounced"  #: not asked for
    IN_DOUBT = "in_doubt"  #: not named
    REPORTED = "reported"  #: events told something of the mail: it went out
    UNDER_WAY = "under_way"  #: a worker holds the batch


def stays(
    row: Email, wish: Wish, contact: Contact | None, suppressed: frozenset[SuppressionReason], campaign: Campaign
) -> str | None:
    """Why this row is not planned once more, or None when it is: a `Stays` or a `SkipReason`."""
    if not is_untold(row):
        return Stays.REPORTED
    if row.state is EmailState.SOFT_BOUNCED and not wish.soft_bounced:
        return Stays.SOFT_BOUNCED
    if row.state is EmailState.IN_DOUBT and row.id not in wish.even_in_doubt:
        return Stays.IN_DOUBT
    if row.reason in _FOR_GOOD:
        return row.reason
    why = last_check(row, contact, suppressed, campaign)
    return why.reason if why else None


def is_untold(row: Email) -> bool:
    """Whether no event ever told anything of this mail."""
    return row.proof is None and not row.times


def may_have_arrived(row: Email) -> bool:
    """Whether a mail may have gone out all the same: nobody knows, or somebody only says that it did not."""
    return row.state is EmailState.IN_DOUBT or row.reason == NOT_SENT


def planned_again(row: Email, by: str, at: datetime) -> Email:
    """The row, due at once, with a fresh schedule of tries; it keeps how it had ended."""
    end = EarlierEnd(at, by, row.state, row.reason, row.detail, row.attempts, row.reply)
    doubted = may_have_arrived(row)
    return replace(
        row,
        state=EmailState.PLANNED,
        slice=NO_SLICE,
        next_at=at,
        state_at=at,
        attempts=0,
        first_tried_at=None,
        reply=None,
        detail=None,
        reason=row.reason if doubted else None,
        resent_at=at if doubted else row.resent_at,
        earlier=(*row.earlier, end),
    )
