"""Carrying a CRM record over to the contact with its address. Pure: told twice, it changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from domain.contact import (
    Contact,
    ContactField,
    Membership,
    OptOut,
    Source,
    Stamp,
    SubscriptionType,
    address,
    joined,
    left,
)
from domain.module import OPT_OUT_FIELD, Module
from domain.record import Record
from domain.sync import Sync, SyncSkip
from domain.values import Value, is_empty


@dataclass(frozen=True, slots=True)
class Rule:
    """How one sync (or a campaign without one, R34) carries records over."""

    key: str  #: "sync:<id>" or "campaign:<id>"; memberships remember it
    field_map: Mapping[str, str]
    lists: tuple[str, ...]
    topics: tuple[str, ...] = ()
    subscription: SubscriptionType | None = None
    update_empty_values: bool = False
    map_version: int = 0


def rule_of(sync: Sync) -> Rule:
    return Rule(
        key=f"sync:{sync.id}",
        field_map=sync.field_map,
        lists=sync.lists,
        topics=sync.topics,
        subscription=sync.subscription,
        update_empty_values=sync.update_empty_values,
        map_version=sync.map_version,
    )


def email_of(record: Record, module: Module) -> str | SyncSkip:
    """The sendable address of a record, or why it has none."""
    return SyncSkip.DELETED if record.deleted else last_email_of(record, module)


def last_email_of(record: Record, module: Module) -> str | SyncSkip:
    """The same, whether the record was deleted or not."""
    text = record.values().get(module.email_field or "")
    if is_empty(text):
        return SyncSkip.NO_EMAIL
    found = address(str(text))
    return found.sendable if found else SyncSkip.INVALID_EMAIL


def says_opt_out(record: Record) -> bool:
    return str(record.values().get(OPT_OUT_FIELD)).strip().lower() in {"true", "1", "yes"}


def witnessed(contact: Contact, record: Record) -> Contact:
    """The contact knowing that the record is behind it, and whether the record says opt-out; no values, no lists."""
    stamp, known = _stamp(record), contact.sources.get(record.ref)
    if _is_older(stamp, known):
        return contact
    versions = known.map_versions if known else {}
    source = Source(record.ref, stamp, opted_out=says_opt_out(record), map_versions=versions)
    return replace(contact, sources={**contact.sources, record.ref: source})


def refuses_for_good(record: Record) -> bool:
    """Whether the record was deleted, and says opt-out: that stays with the address, seen alive or not (D1, D4)."""
    return record.deleted and says_opt_out(record)


def carried_over(contact: Contact, record: Record, rule: Rule, *, member: bool) -> Contact:
    """The contact with everything that the record gives it under this rule.

    `member` says whether it may be on the rule's lists: someone who opted out or is suppressed gets values, not lists.
    """
    stamp = _stamp(record)
    if _is_older(stamp, contact.sources.get(record.ref)):
        return contact
    contact = _synced(witnessed(contact, record), record.ref, rule)
    contact = replace(contact, fields=_filled(contact, record, rule, stamp))
    if not member:
        return _on_lists(off_syncs(contact), record.ref, replace(rule, lists=()))
    contact = _on_lists(contact, record.ref, rule)
    topics = contact.topics | (frozenset(rule.topics) - contact.left_topics)
    return replace(contact, topics=topics, subscription=_subscription(contact, rule))


def without_record(contact: Contact, record: Record) -> Contact:
    """The contact after a record left it (deleted, or moved to another address): off the lists it was on for it.

    Consents stay, and sends and suppressions are elsewhere (D1). The values it gave stay while nobody else stands
    behind the contact; otherwise they go: the people who share an address are not called by each other's names.
    """
    stamp, known = _stamp(record), contact.sources.get(record.ref)
    if _is_older(stamp, known) or (known is None and not refuses_for_good(record)):
        return contact
    gone = replace(known or Source(record.ref, stamp), stamp=stamp, gone=True)
    if record.deleted:
        # The opt-out may be news that came after the delete.
        gone = replace(gone, opted_out=says_opt_out(record))
    contact = replace(contact, sources={**contact.sources, record.ref: gone})
    for membership in tuple(contact.memberships.values()):
        for source in _because_of(membership, record.ref):
            contact = left(contact, membership.list_id, source)
    contact = off_syncs(contact) if contact.opted_out else contact
    return replace(contact, fields=_without_values_of(record.ref, contact)) if contact.present() else contact


def refused_alike(old: Contact, new: Contact, refusal: OptOut | None) -> Contact:
    """The contact of a record's new address with what was refused at its old one: moving re-subscribes nobody (D3, D4).

    `refusal` stands for what only the suppressions know of the old address: a complaint, an unsubscribe.
    """
    left_topics = new.left_topics | old.left_topics
    opt_out = new.opt_out or old.opt_out or refusal
    return replace(new, topics=new.topics - left_topics, left_topics=left_topics, opt_out=opt_out)


def off_syncs(contact: Contact) -> Contact:
    """Off the lists of all syncs, whichever record put them there: a refusal is the person's, not the record's."""
    for membership in tuple(contact.memberships.values()):
        for source in membership.sources:
            if source.startswith("sync:"):
                contact = left(contact, membership.list_id, source)
    return contact


def moved(old: Contact, new: Contact, ref: str) -> Contact:
    """The contact of a record's new address with the lists, topics and consents that its old address held (D3).

    Only for somebody who may be on lists; call `refused_alike` first.
    """
    for membership in old.memberships.values():
        for source in _because_of(membership, ref):
            new = joined(new, membership.list_id, source)
    topics = new.topics | (old.topics - new.left_topics)
    return replace(new, topics=topics, subscription=new.subscription or old.subscription)


def _stamp(record: Record) -> Stamp:
    assert record.changed_at is not None, "a stored record has been changed by some event"
    return Stamp(record.changed_at, record.version, record.ref)


def _is_older(stamp: Stamp, known: Source | None) -> bool:
    return known is not None and stamp.version < known.stamp.version


def _synced(contact: Contact, ref: str, rule: Rule) -> Contact:
    """The contact with the version of the map that it is synced with now (R33)."""
    if not rule.map_version:
        return contact
    versions = {**contact.sources[ref].map_versions, rule.key.removeprefix("sync:"): rule.map_version}
    return replace(contact, sources={**contact.sources, ref: replace(contact.sources[ref], map_versions=versions)})


def _filled(contact: Contact, record: Record, rule: Rule, stamp: Stamp) -> dict[str, ContactField]:
    fields = dict(contact.fields)
    for ours, value in _told(record, rule.field_map):
        if _stays(_given_by_someone_present(contact, ours), value, stamp, rule):
            continue
        # An equal value is stamped anew: otherwise an older record that comes late would win against it.
        fields[ours] = ContactField(value, stamp)
    return fields


def _given_by_someone_present(contact: Contact, name: str) -> ContactField | None:
    known = contact.fields.get(name)
    source = contact.sources.get(known.stamp.ref) if known else None
    return None if source and source.gone else known


def _without_values_of(ref: str, contact: Contact) -> dict[str, ContactField]:
    return {name: entry for name, entry in contact.fields.items() if entry.stamp.ref != ref}


def _told(record: Record, field_map: Mapping[str, str]) -> Iterable[tuple[str, Value]]:
    """Contact fields with what the record says of them: nothing, when it only came in parts that did not name them."""
    values = record.values()
    return ((ours, values.get(theirs)) for theirs, ours in field_map.items() if theirs in values or not record.partial)


def _stays(known: ContactField | None, value: Value, stamp: Stamp, rule: Rule) -> bool:
    """Whether the known value stays: a newer record gave it, or the CRM's is empty and empties nothing here (R15)."""
    if is_empty(value) and not (rule.update_empty_values and known and known.stamp.ref == stamp.ref):
        return True
    if known is None:
        return False
    # Within one record its version decides, whatever its clock said.
    return known.stamp.version > stamp.version if known.stamp.ref == stamp.ref else known.stamp > stamp


def _on_lists(contact: Contact, ref: str, rule: Rule) -> Contact:
    """On the rule's lists, and off those that it had before it was changed."""
    source = f"{rule.key}|{ref}"
    for list_id in contact.memberships.keys() - set(rule.lists):
        contact = left(contact, list_id, source)
    for list_id in rule.lists:
        contact = joined(contact, list_id, source)
    return contact


def _because_of(membership: Membership, ref: str) -> list[str]:
    return [source for source in membership.sources if source.partition("|")[2] == ref]


def _subscription(contact: Contact, rule: Rule) -> SubscriptionType | None:
    """Marketing, once given by any sync, is not taken away by a non-marketing one."""
    if contact.subscription is SubscriptionType.MARKETING:
        return contact.subscription
    return rule.subscription or contact.subscription
