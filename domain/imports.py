"""People who come out of a file: what one row makes of a contact, and how far an import is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from domain.consent import Consent, remembered
from domain.contact import Address, Contact, ContactField, Stamp, SubscriptionType, is_role, joined
from domain.eligibility import SuppressionReason
from domain.sync import SyncSkip
from domain.values import Value, is_empty, shortened

_DEAD = frozenset({SuppressionReason.HARD_BOUNCED, SuppressionReason.COMPLAINED, SuppressionReason.ERASED})


class RowReason(StrEnum):
    """Why a row was not taken. Those that a sync knows too have the same names (D5)."""

    NO_EMAIL = SyncSkip.NO_EMAIL.value
    INVALID_EMAIL = SyncSkip.INVALID_EMAIL.value
    ROLE_ADDRESS = SyncSkip.ROLE_ADDRESS.value
    OPTED_OUT = SyncSkip.OPTED_OUT.value
    SUPPRESSED = SyncSkip.SUPPRESSED.value
    NO_ID = "no_id"
    ROUNDED_ID = "rounded_id"  #: 6.75684E+18: a spreadsheet forgot the last digits
    WRONG_TIME = "wrong_time"
    WRONG_SHAPE = "wrong_shape"  #: more or fewer cells than columns
    TOO_LONG = "too_long"
    REFUSED = "refused"  #: by the message contract; the text says what


@dataclass(frozen=True, slots=True)
class Person:
    """One row that is about somebody who can be written to."""

    address: Address
    values: Mapping[str, Value]  #: by contact field


@dataclass(frozen=True, slots=True)
class Joining:
    """What an import does with each of its people."""

    import_id: str
    list_id: str
    at: datetime  #: when it began; the same however often it goes on
    subscription: SubscriptionType = SubscriptionType.MARKETING
    topics: frozenset[str] = frozenset()
    consent: Consent | None = None  #: what they agreed to, as whoever imports them says
    skip_roles: bool = False

    @property
    def source(self) -> str:
        """Why they are on the list; leaving for this reason takes nobody off who is there for another one."""
        return f"import:{self.import_id}"


def why_not(person: Person, known: Contact | None, reasons: Collection[SuppressionReason], rule: Joining) -> str | None:
    """Why a person does not join, or None. An import never brings anybody back."""
    if not _DEAD.isdisjoint(reasons):
        return RowReason.SUPPRESSED
    if reasons or (known is not None and known.opted_out):
        return RowReason.OPTED_OUT
    return RowReason.ROLE_ADDRESS if rule.skip_roles and is_role(person.address.sendable) else None


def imported(contact: Contact, person: Person, rule: Joining) -> Contact:
    """The contact after its row; call `why_not` first. Told twice, it changes nothing.

    A value fills what is empty, or what an import gave; what the CRM says stays. A topic once left stays left.
    """
    contact = joined(contact, rule.list_id, rule.source)
    marketing = rule.subscription is SubscriptionType.MARKETING
    return replace(
        contact,
        fields=_filled(contact, person, rule),
        topics=contact.topics | (rule.topics - contact.left_topics if marketing else frozenset()),
        subscription=rule.subscription if marketing else contact.subscription or rule.subscription,
        consents=remembered(contact.consents, _agreed(contact, rule.consent)),
    )


def _agreed(contact: Contact, consent: Consent | None) -> list[Consent]:
    """What the import says of everybody, unless an earlier run of it said so."""
    if consent is None or any(replace(known, at=consent.at) == consent for known in contact.consents):
        return []
    return [consent]


def _filled(contact: Contact, person: Person, rule: Joining) -> Mapping[str, ContactField]:
    stamp = Stamp(rule.at, 0, rule.source)
    news = {
        name: ContactField(value, stamp)
        for name, value in ((name, shortened(cell)) for name, cell in person.values.items())
        if not is_empty(value) and _may_fill(contact, contact.fields.get(name), value, stamp)
    }
    return {**contact.fields, **news}


def _may_fill(contact: Contact, known: ContactField | None, value: Value, stamp: Stamp) -> bool:
    if known is None or is_empty(known.value):
        return True
    if known.value == value:
        return False
    source = contact.sources.get(known.stamp.ref)
    return (source is None or source.gone) and known.stamp <= stamp


@dataclass(frozen=True, slots=True)
class ImportJob:
    """How far an import is, kept in the store: whoever starts the same one again goes on from there."""

    id: str
    target: str  #: "module:Leads", "list:news", "campaign:spring"
    file: str  #: its name, for people
    started_at: datetime
    rows: int = 0  #: done, the refused ones among them
    refused_bytes: int = 0  #: of the file of refused rows that belong to them
    counts: Mapping[str, int] = field(default_factory=dict)
    ended_at: datetime | None = None

    def after(self, rows: int, refused_bytes: int, counts: Mapping[str, int]) -> ImportJob:
        """The job some rows later."""
        added = {name: self.counts.get(name, 0) + counts.get(name, 0) for name in self.counts.keys() | counts.keys()}
        return replace(self, rows=self.rows + rows, refused_bytes=refused_bytes, counts=added)
