"""Records on their way to contacts: arriving, moving, leaving. Pure; `handlers/carry_over.py` loads and stores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from domain.contact import Contact, OptOut, contact_id, is_role
from domain.eligibility import SuppressionReason, erased_of
from domain.module import Module
from domain.projection import (
    Rule,
    carried_over,
    email_of,
    last_email_of,
    moved,
    off_syncs,
    refused_alike,
    refuses_for_good,
    says_opt_out,
    without_record,
    witnessed,
)
from domain.record import Projected, Record
from domain.sync import SyncSkip

Suppressed: TypeAlias = Mapping[str, frozenset[SuppressionReason]]  #: by contact id; only those that are suppressed

#: What moves along with a record to a new address: a person's word. A dead mailbox stays behind.
_REFUSALS = (SuppressionReason.COMPLAINED, SuppressionReason.UNSUBSCRIBED, SuppressionReason.MANUAL)
#: Goes up when a passage does something else than before with the same record, contact and rules.
_SETTLED_VERSION = 1
_MOST_LEFT = 100  #: of one record: it had so many addresses in a row, and between them none
_SUPPRESSED = frozenset({SuppressionReason.HARD_BOUNCED, SuppressionReason.COMPLAINED})


class Change(StrEnum):
    """What became of a contact."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of one record."""

    #: None: no contact stands for this record. `skip` is then deleted, no_email, invalid_email, or suppressed (an
    #: erased person, of whom nothing is stored again)
    contact_id: str | None
    skip: SyncSkip | None  #: why it is on no list; with a contact: opted_out, suppressed or role_address
    change: Change
    duplicate_of: str | None = None  #: a more recently changed record of the same module and address (D2), by ref


@dataclass(frozen=True, slots=True)
class Passage:
    """Where one record goes, by which rules, and which other contacts may still hold it."""

    record: Record
    rules: Sequence[Rule]
    address: str | SyncSkip  #: sendable form, or why there is none
    target: str | None  #: contact id
    origins: frozenset[str]  #: contact ids
    refused: Contact | None = None  #: nobody yet, at the address of a deleted record that says opt-out

    def arrived(self, settled: str | None = None) -> Record:
        """The record once this passage is over; itself when its mark says so already."""
        known, version, left = self.record.projected, self.record.version, self._left()
        there = known is not None and (known.version, known.contact_id, known.left) == (version, self.target, left)
        if known and there and settled in (None, known.settled):
            return self.record
        return replace(self.record, projected=Projected(version, self.target, settled, left))

    def _left(self) -> frozenset[str]:
        """Whom a record that stands behind nobody leaves; those before them too, until it stands behind somebody."""
        if self.target:
            return frozenset()
        before = self.record.projected.left if self.record.projected else frozenset()
        return before if before >= self.origins else frozenset(sorted(before | self.origins)[:_MOST_LEFT])


def passage(record: Record, module: Module, rules: Sequence[Rule], key: bytes, elsewhere: Iterable[str]) -> Passage:
    """The way of a record; `elsewhere` are contacts that may hold it beside the one it was last carried over to."""
    found = email_of(record, module)
    target = None if isinstance(found, SyncSkip) else contact_id(found.lower(), key)
    refused = _refused(record, module, key)
    before = _before(record, arriving=target is not None)
    origins = {contact for contact in (*before, *elsewhere) if contact and contact != target}
    if refused:
        origins.add(refused.id)
    return Passage(record, rules, found, target, frozenset(origins), refused)


def _before(record: Record, *, arriving: bool) -> Iterable[str | None]:
    """Whom the record stands behind, or stood behind before it lost its address or was deleted."""
    known = record.projected
    if known is None:
        return ()
    return (known.contact_id, *known.left) if arriving else (known.contact_id,)


def _refused(record: Record, module: Module, key: bytes) -> Contact | None:
    if not refuses_for_good(record):
        return None
    found = last_email_of(record, module)
    return None if isinstance(found, SyncSkip) else Contact(contact_id(found.lower(), key), found)


def unless_erased(way: Passage, suppressed: Suppressed) -> Passage:
    """The passage, which ends nowhere when the person's data was erased: they are not stored a second time."""
    erased = erased_of(suppressed)
    way = replace(way, origins=way.origins - erased)
    return replace(way, address=SyncSkip.SUPPRESSED, target=None) if way.target in erased else way


def settled_by(rules: Sequence[Rule], module: Module, *, skip_roles: bool) -> str | None:
    """Names everything but the record and its contact that decides what a passage does.

    None for rules that run once: a mark of theirs would only stand in the way of a sync's.
    """
    if not rules or any(rule.backfills is not None or not rule.key.startswith("sync:") for rule in rules):
        return None
    parts = [_SETTLED_VERSION, module.email_field, skip_roles, *(_decides(rule) for rule in rules)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _decides(rule: Rule) -> list[object]:
    return [
        rule.key, sorted(rule.field_map.items()), rule.lists, rule.topics,
        rule.subscription, rule.update_empty_values, rule.map_version,
    ]  # fmt: skip


def settled_at(rules: str, contact: Contact) -> str:
    """What a record's mark says of a contact that it was carried over to by those rules."""
    return f"{rules}:{contact.revision}"


def is_settled(record: Record, rules: str | None, revisions: Mapping[str, int]) -> bool:
    """Whether carrying the record over by these rules changes nothing, with its contact at that revision."""
    mark = record.projected
    if mark is None or mark.settled is None or mark.contact_id is None or mark.version != record.version:
        return False
    return mark.settled == f"{rules}:{revisions.get(mark.contact_id)}"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Passages that end at contacts."""

    suppressed: Suppressed
    skip_roles: bool
    by_target: dict[str, list[Passage]] = field(default_factory=dict)

    @classmethod
    def of(cls, ways: Iterable[Passage], suppressed: Suppressed, *, skip_roles: bool) -> Arrivals:
        arrivals = cls(suppressed, skip_roles)
        for way in ways:
            if way.target:
                arrivals.by_target.setdefault(way.target, []).append(way)
        return arrivals

    def __call__(self, target: str, contacts: Mapping[str, Contact]) -> Contact | None:
        """The contact after its passages; `contacts` holds those that the records come from, as they were before."""
        contact = contacts.get(target)
        for way in self.by_target.get(target, ()):
            contact = self._after(contact or Contact(target, way.address), way, contacts)
        return contact

    def skip(self, contact: Contact) -> SyncSkip | None:
        """Why this contact is on no list of a sync."""
        reasons = self.suppressed.get(contact.id, frozenset())
        if contact.opted_out or reasons - _SUPPRESSED:
            return SyncSkip.OPTED_OUT
        if reasons:
            return SyncSkip.SUPPRESSED
        return SyncSkip.ROLE_ADDRESS if self.skip_roles and is_role(contact.address) else None

    @staticmethod
    def _is_new(contact: Contact, way: Passage) -> bool:
        """Whether nothing is known of the person that a rule could do otherwise: then the rules witness the record."""
        before = contact.sources or way.origins or says_opt_out(way.record)
        return bool(way.rules) and not before and all(rule.backfills is None for rule in way.rules)

    def _after(self, contact: Contact, way: Passage, contacts: Mapping[str, Contact]) -> Contact:
        record = way.record
        if not self._is_new(contact, way):
            contact = witnessed(contact, record)
        left_behind = [old for key in sorted(way.origins) if (old := contacts.get(key)) and _holds(old, record)]
        for key in sorted(way.origins):
            # Also where the record never came to: its events named two addresses at once, or the older one came late.
            refusal = _refusal(record, self.suppressed.get(key, frozenset()))
            contact = refused_alike(contacts.get(key, Contact(key, "")), contact, refusal)
        member = self.skip(contact) is None
        contact = contact if member else off_syncs(contact)
        for old in left_behind if member else ():
            contact = moved(old, contact, record.ref)
        for rule in way.rules:
            contact = carried_over(contact, record, rule, member=member)
        return _addressed(contact, way)


@dataclass(frozen=True, slots=True)
class Departures:
    """Records leaving contacts whose address they no longer have."""

    by_origin: dict[str, list[Passage]] = field(default_factory=dict)

    @classmethod
    def of(cls, ways: Iterable[Passage]) -> Departures:
        departures = cls()
        for way in ways:
            for origin in way.origins:
                departures.by_origin.setdefault(origin, []).append(way)
        return departures

    def __call__(self, origin: str, contacts: Mapping[str, Contact]) -> Contact | None:
        contact = contacts.get(origin)
        for way in self.by_origin.get(origin, ()):
            contact = contact or (way.refused if way.refused and way.refused.id == origin else None)
            contact = without_record(contact, way.record) if contact else None
        return contact


def carried(way: Passage, before: Contact | None, after: Contact | None, skip: SyncSkip | None) -> Carried:
    """What came of a passage to a contact that was `before` and is `after` now."""
    if after is None or isinstance(way.address, SyncSkip):
        return Carried(None, way.address if isinstance(way.address, SyncSkip) else None, Change.UNCHANGED)
    change = Change.NEW if before is None else Change.UNCHANGED if before == after else Change.UPDATED
    return Carried(after.id, skip, change, _winner(after, way.record))


def _winner(contact: Contact, record: Record) -> str | None:
    if len(contact.sources) == 1 and record.ref in contact.sources:
        return None
    rivals = [source for source in contact.present() if source.module == record.module]
    newest = max(rivals, key=lambda source: source.stamp, default=None)
    return newest.ref if newest and newest.ref != record.ref else None


def _holds(contact: Contact, record: Record) -> bool:
    source = contact.sources.get(record.ref)
    return source is not None and not source.gone


def _refusal(record: Record, reasons: frozenset[SuppressionReason]) -> OptOut | None:
    found = next((reason for reason in _REFUSALS if reason in reasons), None)
    return OptOut(record.changed_at, f"moved:{found}") if found and record.changed_at else None


def _addressed(contact: Contact, way: Passage) -> Contact:
    """Its address as the most recently changed record writes it."""
    if contact.address == way.address:
        return contact
    primary = contact.primary()
    return replace(contact, address=way.address) if primary and primary.ref == way.record.ref else contact
