"""People: one contact per email address (D2), whoever they are in the CRM."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from domain.values import Value

ID_HEX_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Address:
    """An email address that passed the syntax check (RFC 5321 lengths, RFC 5890 domain)."""

    sendable: str  #: local part as given, domain as lower-case A-labels
    identity: str  #: the same, local part lower-cased: equal for equal people (D2)

    @property
    def domain(self) -> str:
        return self.sendable.rpartition("@")[2]


@lru_cache(maxsize=4096)  # the check costs as much as all the rest of a record; each is read a few times in a row
def address(text: str) -> Address | None:
    """The address in `text`, or None when it is not one; blanks around it do not count."""
    try:
        valid = validate_email(text.strip(), check_deliverability=False, strict=True, test_environment=True)
    except EmailNotValidError:
        return None
    sendable = f"{valid.local_part}@{valid.ascii_domain.lower()}"
    return Address(sendable, sendable.lower())


#: Mailboxes of a function, not of a person (RFC 2142, and what businesses add).
ROLES = frozenset(
    {
        "abuse", "admin", "administrator", "billing", "contact", "enquiries", "hello", "help", "hostmaster", "hr",
        "info", "jobs", "mail", "marketing", "news", "noc", "noreply", "no-reply", "office", "postmaster", "root",
        "sales", "security", "service", "support", "team", "webmaster",
    }
)  # fmt: skip


def is_role(sendable: str) -> bool:
    """Whether an address belongs to a function (info@, sales@) rather than to a person."""
    return sendable.rpartition("@")[0].partition("+")[0].lower() in ROLES


def contact_id(identity: str, address_key: bytes) -> str:
    """The id of whoever has this address: 32 hex digits of HMAC-SHA-256, truncated to 128 bits (RFC 2104, 5).

    The same value keys suppressions, so that an erased person stays suppressed.
    """
    return hmac.new(address_key, identity.encode(), hashlib.sha256).hexdigest()[:ID_HEX_DIGITS]


class SubscriptionType(StrEnum):
    """Why somebody is on a list (R12)."""

    MARKETING = "marketing"
    NON_MARKETING = "non_marketing"


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """When a record gave a value; the later one wins (D2), and equal times are decided by the record's name."""

    at: datetime  #: the record's change time, aware, UTC
    version: int  #: of that record, see `domain.record.order_of`
    ref: str  #: "module:record_id"


@dataclass(frozen=True, slots=True)
class ContactField:
    value: Value
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Source:
    """One CRM record that stands behind a contact."""

    ref: str  #: "module:record_id"
    stamp: Stamp
    opted_out: bool = False  #: the record's Email Opt Out
    gone: bool = False  #: deleted, or moved to another address; kept, so that older news cannot bring it back
    #: sync id -> the version of its field map that this contact was last synced with (R33)
    map_versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def module(self) -> str:
        return self.ref.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Membership:
    """Being on a list, and why: leaving one source does not remove another's members."""

    list_id: str
    sources: frozenset[str]  #: "sync:<id>|<ref>", "campaign:<id>|<ref>", "import:<id>"


@dataclass(frozen=True, slots=True)
class OptOut:
    at: datetime
    source: str  #: "unsubscribe:<campaign id>", "crm", "operator"


@dataclass(frozen=True, slots=True)
class Contact:
    """Everything known of one address. Changed only through the functions of `domain.projection` and of this file."""

    id: str
    address: str  #: sendable form
    sources: Mapping[str, Source] = field(default_factory=dict)  #: by ref
    fields: Mapping[str, ContactField] = field(default_factory=dict)
    memberships: Mapping[str, Membership] = field(default_factory=dict)  #: by list id
    topics: frozenset[str] = frozenset()  #: topics held
    left_topics: frozenset[str] = frozenset()  #: topics left; never re-joined by an event, import or sync (D4)
    subscription: SubscriptionType | None = None
    opt_out: OptOut | None = None  #: the person's own word; a record's opt-out stands in its source
    revision: int = 0  #: of the stored document; 0 = not stored yet

    @property
    def opted_out(self) -> bool:
        """By the person's own word, or a record's. A record that is gone keeps its word: its consents stay (D1, D3)."""
        return self.opt_out is not None or any(source.opted_out for source in self.sources.values())

    def present(self) -> list[Source]:
        """The records that stand behind this contact now."""
        return [source for source in self.sources.values() if not source.gone]

    def values(self) -> dict[str, Value]:
        """What merge fields read."""
        return {name: entry.value for name, entry in self.fields.items()}

    def primary(self) -> Source | None:
        """The most recently changed record behind this contact, or None for people who are in no CRM module."""
        return max(self.present(), key=lambda source: source.stamp, default=None)


def joined(contact: Contact, list_id: str, source: str) -> Contact:
    """The contact on the list for one more reason."""
    known = contact.memberships.get(list_id, Membership(list_id, frozenset()))
    if source in known.sources:
        return contact
    membership = replace(known, sources=known.sources | {source})
    return replace(contact, memberships={**contact.memberships, list_id: membership})


def left(contact: Contact, list_id: str, source: str) -> Contact:
    """The contact without this reason to be on the list; off it when no other reason is left."""
    known = contact.memberships.get(list_id)
    if known is None or source not in known.sources:
        return contact
    others = {key: value for key, value in contact.memberships.items() if key != list_id}
    remaining = known.sources - {source}
    if remaining:
        others[list_id] = replace(known, sources=remaining)
    return replace(contact, memberships=others)


def left_topic(contact: Contact, topic_id: str, instead: str | None = None) -> Contact:
    """The contact off a topic at its own wish, and on another one if it names one. Lists and other topics stay."""
    topics = (contact.topics - {topic_id}) | ({instead} if instead else set())
    return replace(contact, topics=topics, left_topics=(contact.left_topics | {topic_id}) - {instead or ""})
