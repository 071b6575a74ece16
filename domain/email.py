"""The ledger: one row per campaign, contact and occurrence, with two axes that only go forward (X1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.smtp_reply import Reply


class EmailState(StrEnum):
    """The sender's axis. The books are balanced on it."""

    PLANNED = "planned"  #: will be sent
    #: in a slice that a worker holds; shown, never stored: one claim is written per slice, not per email
    CLAIMED = "claimed"
    SENT = "sent"  #: the relay answered 250 to the final dot
    DEFERRED = "deferred"  #: refused for now; due again at `next_at`
    SOFT_BOUNCED = "soft_bounced"  #: refused for now until the deadline, or for good for a passing reason
    HARD_BOUNCED = "hard_bounced"  #: refused for good, as the reference page counts it
    FAILED = "failed"  #: not delivered through a fault on our side; see `reason`
    SKIPPED = "skipped"  #: not to be sent; see `reason`
    #: was under way when its worker died, or its answer was lost: held, or sent once more (CAMPAIGNS_SENDING__IN_DOUBT)
    IN_DOUBT = "in_doubt"


#: `Email.slice` of a row that is in no batch: skipped by the review, or deferred, which leaves its batch and is put in
#: another when it is due.
NO_SLICE = -1

OPEN_STATES = frozenset({EmailState.PLANNED, EmailState.CLAIMED, EmailState.DEFERRED})

#: The only moves. Evidence (an open, a DSN, a late outcome) and people settle what is in doubt; `resend` plans it
#: once more. A late owner's deferral is no such evidence: it may speak of the try before the last one.
#: Two exceptions: verdicts that are given again (domain/reclassification.py), and what people have sent to the
#: remainder (domain/remainder.py).
NEXT: Mapping[EmailState, frozenset[EmailState]] = {
    EmailState.PLANNED: frozenset(EmailState) - {EmailState.PLANNED},
    EmailState.CLAIMED: frozenset(EmailState) - {EmailState.CLAIMED},
    EmailState.DEFERRED: frozenset(EmailState) - {EmailState.PLANNED},
    EmailState.IN_DOUBT: frozenset(
        {EmailState.SENT, EmailState.HARD_BOUNCED, EmailState.SOFT_BOUNCED, EmailState.FAILED, EmailState.PLANNED}
    ),
    EmailState.SENT: frozenset(),
    EmailState.SOFT_BOUNCED: frozenset(),
    EmailState.HARD_BOUNCED: frozenset(),
    EmailState.FAILED: frozenset(),
    EmailState.SKIPPED: frozenset(),
}

#: What evidence may say of a row in doubt, in rising weight: who opened a mail has it, whatever else was reported.
PROOFS = (EmailState.FAILED, EmailState.SOFT_BOUNCED, EmailState.HARD_BOUNCED, EmailState.SENT)


class DoubtReason(StrEnum):
    """Why a row is in doubt."""

    WORKER_DIED = "worker_died"  #: its worker was killed, or silent for longer than its lease, while it was sending
    REPLY_LOST = "reply_lost"  #: the connection was lost after the final dot


#: `Email.reason` of a row that was in doubt, and of which somebody knows that it never went out.
NOT_SENT = "not_sent"


class SkipReason(StrEnum):
    """Why somebody who was selected is not mailed (R71-R73). Exactly one each: the first that holds, in this order."""

    UNKNOWN_RECORD = "unknown_record"  #: picked by id, and no such record ever came
    DELETED = "deleted"  #: deleted in the CRM
    NO_EMAIL = "no_email"
    INVALID_EMAIL = "invalid_email"
    ERASED = "erased"  #: the person's data was erased on request
    DUPLICATE = "duplicate"  #: another selected record has the same address; it is named
    CONTACT_CHANGED = "contact_changed"  #: the record moved to another address after the review
    COMPLAINED = "complained"  #: marked one of our mails as spam
    HARD_BOUNCED = "hard_bounced"  #: the address is dead
    OPTED_OUT = "opted_out"  #: unsubscribed here, or opted out in the CRM
    NON_MARKETING = "non_marketing"  #: a marketing purpose and a non-marketing contact
    NO_CONSENT = "no_consent"  #: the lawful basis is consent, and none is recorded
    TOPIC_CONFLICT = "topic_conflict"  #: left the topic, or holds topics but not this one (R52)
    CANCELLED = "cancelled"  #: the campaign was cancelled before it came to this email
    OFFLINE = "offline"  #: the integration was left before the campaign came to this email (R96-R101)
    LEFT_LIST = "left_list"  #: left the list of the series between the planning of its message and the sending
    MISSED = "missed"  #: the message is for a day of the person's that was over when it could have been sent


class ServiceStatus(StrEnum):
    """The events' axis, in order; a later event never takes it back."""

    NONE = "none"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"

    @property
    def rank(self) -> int:
        return list(ServiceStatus).index(self)


#: Somebody reads at the address.
ALIVE = (ServiceStatus.OPENED, ServiceStatus.CLICKED, ServiceStatus.REPLIED)


class Mark(StrEnum):
    """What stands beside the service status, each with its time."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    AUTOREPLIED = "autoreplied"
    MACHINE_OPENED = "machine_opened"  #: by a privacy proxy or a filter, not by a person
    MACHINE_CLICKED = "machine_clicked"  #: by a scanner that follows links


@dataclass(frozen=True, slots=True)
class EarlierEnd:
    """How a row had ended before somebody had it planned once more."""

    at: datetime  #: when it was planned once more
    by: str  #: who wanted it
    state: EmailState
    reason: str | None = None
    detail: str | None = None
    attempts: int = 0
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Email:
    """One row of the ledger."""

    id: str  #: "campaign_id:contact_id:occurrence"
    campaign_id: str
    contact_id: str
    address: str  #: as it was at review; empty when the record has none
    ref: str | None  #: the CRM record it was selected by, "module:record_id"; None for a list member without one
    state: EmailState
    message_id: str  #: without angle brackets; fixed before the first try
    slice: int = 0  #: which batch it is sent in, or NO_SLICE
    occurrence: int = 0
    reason: str | None = None  #: a SkipReason or a Reason
    detail: str | None = None  #: the winner of a duplicate, the topics of a conflict, …
    attempts: int = 0  #: tries that the relay answered
    first_tried_at: datetime | None = None
    #: when a deferred one is due; of a planned one, when it is the campaign's local time where its person lives
    next_at: datetime | None = None
    reply: Reply | None = None  #: the last one
    state_at: datetime | None = None
    lawful_basis: str | None = None
    time_zone: str | None = None  #: where its person lived at review, by a name of the IANA database (D7)
    service: ServiceStatus = ServiceStatus.NONE
    times: Mapping[str, datetime] = field(default_factory=dict)  #: first time of each service status and mark
    #: what a bounce that came after the relay's 250 proves, counted as hard or else as soft; None: none came
    bounced: EmailState | None = None
    proof: EmailState | None = None  #: the weightiest of `PROOFS` that events gave; it settles a row in doubt
    resent_at: datetime | None = None  #: when it was planned once more out of doubt: its person may have it twice
    earlier: tuple[EarlierEnd, ...] = ()  #: the first end first


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one try came to: the row's next state. `first_tried_at` and `attempts` are counted by the store."""

    email_id: str
    state: EmailState
    at: datetime
    reason: str | None = None
    detail: str | None = None
    reply: Reply | None = None
    next_at: datetime | None = None
    #: whether the relay answered this try; one that has a reply all the same was asked to come later, and is no try
    tried: bool = True


@dataclass(frozen=True, slots=True)
class EmailEvent:
    """One step on the events' axis. Applied in any order and any number of times, the row ends the same."""

    email_id: str
    at: datetime
    service: ServiceStatus | None = None
    mark: Mark | None = None
    #: what the event proves about a row that is in doubt, or None
    proves: EmailState | None = None
    reason: str | None = None  #: the `Reason` of what it proves, where that is no success


def email_id(campaign_id: str, contact_id: str, occurrence: int = 0) -> str:
    return f"{campaign_id}:{contact_id}:{occurrence}"


#: So begin the contact ids of nobody: of test mails, previews and samples. Of 2**64 addresses one has such an id.
NO_CONTACT = "0" * 16


def is_nobodys(email: str) -> bool:
    """Whether it is a test mail, a preview or a sample: no row of the ledger, whatever is told of it (R69)."""
    return email.partition(":")[2].startswith(NO_CONTACT)


def message_id(email: str, domain: str) -> str:
    """The Message-ID of an email, without angle brackets: the same on every try (RFC 5322, 3.6.4)."""
    return f"{email.replace(':', '.')}@{domain}"


_OCCURRENCE = re.compile(r"[0-9]{1,9}")  #: others write what they like there: digits of any script, and any number


def email_of_message_id(text: str) -> str | None:
    """The email that a Message-ID of ours names, or None when it is not ours."""
    campaign, dot, rest = text.strip().strip("<>").partition("@")[0].partition(".")
    contact, dot_too, occurrence = rest.partition(".")
    if not (campaign and dot and contact and dot_too and _OCCURRENCE.fullmatch(occurrence)):
        return None
    return email_id(campaign, contact, int(occurrence))
