"""D10: soft turns hard when sends to an address keep failing. A strike is one send that finally failed, not one try.

The rule of classification.md, 4.1 (after Mailchimp's): 7 strikes in a row over at least 14 days, 15 for engaged people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.email import EmailState
from domain.smtp_reply import DEAD, Reason

STRIKES = 7
STRIKES_OF_ENGAGED = 15
AT_LEAST = timedelta(days=14)  #: between the first and the last one
ENGAGED_WITHIN = timedelta(days=180)
#: A delivery lasts when no bounce came for so long: servers give up after 4 to 5 days (RFC 5321, 4.5.4.1).
LASTS = timedelta(days=5)

#: What an address can be blamed for (the column "strikes" of contracts.md, D13); faults of ours and blocks never count.
STRIKING = DEAD | {Reason.MAILBOX_FULL, Reason.RECIPIENT_REJECTED, Reason.EXPIRED, Reason.NETWORK_ERROR}


class SignKind(StrEnum):
    STRUCK = "struck"  #: it finally failed, for a reason that counts
    TAKEN = "taken"  #: a server took it
    RETURNED = "returned"  #: it bounced after it was taken: the delivery did not last
    ALIVE = "alive"  #: it was opened, clicked, replied to
    PARDONED = "pardoned"  #: by the rules of now it never was a strike; said only when verdicts are given again


@dataclass(frozen=True, slots=True)
class Sign:
    """What one email says of its address."""

    contact_id: str
    email_id: str
    kind: SignKind
    at: datetime


@dataclass(frozen=True, slots=True)
class StrikeRecord:
    """What is known of an address. Signs may come in any order and more than once: it ends the same."""

    contact_id: str
    strikes: Mapping[str, datetime] = field(default_factory=dict)  #: by email
    taken: Mapping[str, datetime] = field(default_factory=dict)  #: by email, those that may still bounce
    lasted_at: datetime | None = None  #: when the last delivery that lasted was taken
    alive_at: datetime | None = None  #: of the last open, click or reply
    revision: int = 0  #: of the stored document; 0 = not stored yet

    @property
    def reset_at(self) -> datetime | None:
        """What came before does not count any more."""
        return max((at for at in (self.lasted_at, self.alive_at, *self.taken.values()) if at), default=None)

    def in_a_row(self) -> list[datetime]:
        """Strikes since the last reset, ascending."""
        since = self.reset_at
        return sorted(at for at in self.strikes.values() if since is None or at > since)


def strikes(state: EmailState, reason: str | None) -> bool:
    """Whether an email that ended so is a strike against its address."""
    return state is EmailState.SOFT_BOUNCED and reason in STRIKING


def escalated(record: StrikeRecord) -> str | None:
    """In words, when the address is to be treated as dead; else None."""
    row = record.in_a_row()
    if not row or row[-1] - row[0] < AT_LEAST:
        return None
    engaged = record.alive_at is not None and row[-1] - record.alive_at <= ENGAGED_WITHIN
    if len(row) < (STRIKES_OF_ENGAGED if engaged else STRIKES):
        return None
    return f"D10: {len(row)} sends in a row failed for good in {(row[-1] - row[0]).days} days"


def after(record: StrikeRecord, sign: Sign) -> StrikeRecord:
    """The record with one more sign; the same where it says nothing new."""
    return _AFTER[sign.kind](record, sign)


def _struck(record: StrikeRecord, sign: Sign) -> StrikeRecord:
    if sign.email_id in record.strikes:
        return record
    # Not since what was only just taken: it may still bounce, and then those before it count again.
    since = max([*_of(record.lasted_at), *_of(record.alive_at)], default=None)
    kept = {email: at for email, at in record.strikes.items() if since is None or at > since}
    return replace(record, strikes={**kept, sign.email_id: sign.at})


def _pardoned(record: StrikeRecord, sign: Sign) -> StrikeRecord:
    if sign.email_id not in record.strikes:
        return record
    return replace(record, strikes={email: at for email, at in record.strikes.items() if email != sign.email_id})


def _taken(record: StrikeRecord, sign: Sign) -> StrikeRecord:
    """Nothing is kept of those whom no strike stands against."""
    if not record.strikes or sign.email_id in record.taken:
        return record
    known = {**record.taken, sign.email_id: sign.at}
    lasting = [at for at in known.values() if sign.at - at > LASTS]
    open_ = {email: at for email, at in known.items() if sign.at - at <= LASTS}
    return replace(record, taken=open_, lasted_at=max([*lasting, *_of(record.lasted_at)], default=None))


def _returned(record: StrikeRecord, sign: Sign) -> StrikeRecord:
    return replace(record, taken={email: at for email, at in record.taken.items() if email != sign.email_id})


def _alive(record: StrikeRecord, sign: Sign) -> StrikeRecord:
    known = record.alive_at
    return record if known is not None and sign.at <= known else replace(record, alive_at=sign.at)


def _of(at: datetime | None) -> list[datetime]:
    return [at] if at else []


_AFTER: Mapping[SignKind, Callable[[StrikeRecord, Sign], StrikeRecord]] = {
    SignKind.STRUCK: _struck,
    SignKind.TAKEN: _taken,
    SignKind.RETURNED: _returned,
    SignKind.ALIVE: _alive,
    SignKind.PARDONED: _pardoned,
}
