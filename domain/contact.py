"""People: one contact per email address (D2), whoever they are in the CRM."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from domain.consent import Consent, Tracking, tracking
from domain.values import Value

ID_HEX_DIGITS = 32
#: `Membership.since` of one that is older than these times.
LONG_AGO = datetime.min.replace(tzinfo=UTC)
#: `Contact.revision` of one that was read in part: no stored document is at this revision, so it cannot be saved.
READ_ONLY = -1


@dataclass(frozen=True, slots=True)
class Address:
    """An email address that passed the syntax check (RFC 5321 lengths, RFC 5890 domain)."""

    sendable: str  #: local part as given, domain as lower-case A-labels
    identity: str  #: the same, local part lower-cased: equal for equal people (D2)

    @property
    def domain(self) -> str:
        return self.sendable.rpartition("@")[2]


@lru_cache(maxsize=4096)  # each is read a few times in a row
def address(text: str) -> Address | None:
    """The address in `text`, or None when it is not one; blanks around it do not count."""
    text = text.strip()
    plain = _PLAIN.fullmatch(text) if len(text) <= _SHORT else None
    if plain is None or plain["local"].lower() in CASE_INSENSITIVE_MAILBOX_NAMES:
        return _checked(text)
    domain = _domain(plain["domain"])
    sendable = f"{plain['local']}@{domain}"
    return Address(sendable, sendable.lower()) if domain else None


#: What nearly all addresses look like: a dot-atom (RFC 5322, 3.2.3), and a domain that is looked at by itself.
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_PLAIN = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>[a-z0-9.-]+)", re.A | re.I)
#: So long no form of an address is too long (RFC 5321, 4.5.3.1.3), even where each character is four bytes in UTF-8.
_SHORT = 63


@lru_cache(maxsize=16_384)  # the check costs as much as all the rest of a record, and people share domains
def _domain(text: str) -> str | None:
    """The domain as lower-case A-labels."""
    found = _checked(f"a@{text}")
    return found.domain if found else None


def _checked(text: str) -> Address | None:
    try:
        valid = validate_email(text, check_deliverability=False, strict=True, test_environment=True)
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


@lru_cache(maxsize=4096)  # asked for twice in a row: where an event says that its record is, and where the record goes
def contact_id(identity: str, address_key: bytes) -> str:
    """The id of whoever has this address: 32 hex digits of HMAC-SHA-256, truncated to 128 bits (RFC 2104, 5).

    The same value keys suppressions, so that an erased person stays suppressed.
    """
    return hmac.digest(address_key, identity.encode(), "sha256").hex()[:ID_HEX_DIGITS]


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
    #: when the contact came to be on it; None until it is stored, which stamps it. Being there decides, not since when
    since: datetime | None = field(default=None, compare=False)


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
    consents: tuple[Consent, ...] = ()  #: every yes and no with its proof, by time; see domain/preferences.py
    revision: int = 0  #: of the stored document; 0 = not stored yet

    @property
    def opted_out(self) -> bool:
        """By the person's own word, or a record's. A record that is gone keeps its word: its consents stay (D1, D3)."""
        return self.opt_out is not None or any(source.opted_out for source in self.sources.values())

    @property
    def tracking(self) -> Tracking:
        """What the person said to being tracked (D12)."""
        return tracking(self.consents)

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
    memberships = with_reason(contact.memberships, list_id, source)
    return contact if memberships is contact.memberships else replace(contact, memberships=memberships)


def left(contact: Contact, list_id: str, source: str) -> Contact:
    """The contact without this reason to be on the list; off it when no other reason is left."""
    memberships = without_reason(contact.memberships, list_id, source)
    return contact if memberships is contact.memberships else replace(contact, memberships=memberships)


def with_reason(known: Mapping[str, Membership], list_id: str, source: str) -> Mapping[str, Membership]:
    """Memberships with one more reason to be on the list; `known` itself when it is there already."""
    before = known.get(list_id)
    if before and source in before.sources:
        return known
    reason = frozenset({source})
    after = replace(before, sources=before.sources | reason) if before else Membership(list_id, reason)
    return {**known, list_id: after}


def without_reason(known: Mapping[str, Membership], list_id: str, source: str) -> Mapping[str, Membership]:
    """Memberships without this reason; off the list when no other is left; `known` itself when it was none."""
    before = known.get(list_id)
    if before is None or source not in before.sources:
        return known
    others = {key: value for key, value in known.items() if key != list_id}
    remaining = before.sources - {source}
    return {**others, list_id: replace(before, sources=remaining)} if remaining else others


def left_topic(contact: Contact, topic_id: str, instead: str | None = None) -> Contact:
    """The contact off a topic at its own wish, and on another one if it names one. Lists and other topics stay."""
    topics = (contact.topics - {topic_id}) | ({instead} if instead else set())
    return replace(contact, topics=topics, left_topics=(contact.left_topics | {topic_id}) - {instead or ""})
