"""Carrying a CRM record over to the contact with its address. Pure: told twice, it changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.consent import remembered
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
    with_reason,
    without_reason,
)
from domain.map_versions import backfilled, synced
from domain.module import OPT_OUT_FIELD, Module
from domain.record import Record
from domain.sync import Sync, SyncSkip
from domain.values import Value, is_empty, shortened


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
    #: Of a backfill: the map version that each field came with. People who are synced already get the values of
    #: `field_map`; nobody gets on a list or off it.
    backfills: Mapping[str, int] | None = None

    @property
    def sync_id(self) -> str:
        return self.key.removeprefix("sync:")


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


def backfill_rule(sync: Sync, fields: Collection[str]) -> Rule:
    """Only these CRM fields, for people who are synced already (R31 in part)."""
    some = {theirs: ours for theirs, ours in sync.field_map.items() if theirs in fields}
    return replace(rule_of(sync), field_map=some, backfills=sync.since)


def email_of(record: Record, module: Module) -> str | SyncSkip:
    """The sendable address of a record, or why it has none."""
    return SyncSkip.DELETED if record.deleted else last_email_of(record, module)


def last_email_of(record: Record, module: Module) -> str | SyncSkip:
    """The same, whether the record was deleted or not."""
    text = record.value(module.email_field or "")
    if is_empty(text):
        return SyncSkip.NO_EMAIL
    found = address(str(text))
    return found.sendable if found else SyncSkip.INVALID_EMAIL


def says_opt_out(record: Record) -> bool:
    return is_opt_out(record.value(OPT_OUT_FIELD))


def is_opt_out(said: Value) -> bool:
    """Whether this is a yes, as the value of the CRM's Email Opt Out."""
    return said is not None and str(said).strip().lower() in {"true", "1", "yes"}


def witnessed(contact: Contact, record: Record) -> Contact:
    """The contact knowing that the record is behind it, and whether the record says opt-out; no values, no lists."""
    stamp, known = _stamp(record), contact.sources.get(record.ref)
    if _is_older(stamp, known):
        return contact
    source = _behind(record, stamp, known)
    return contact if source is known else replace(contact, sources={**contact.sources, record.ref: source})


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
    if rule.backfills is not None:
        return _backfilled(contact, record, rule, rule.backfills)
    # In one piece: a copy of a contact costs as much as all that a rule looks at.
    known = contact.sources.get(record.ref)
    source = _behind(record, stamp, known)
    sources = contact.sources if source is known else {**contact.sources, record.ref: source}
    fields = _filled(contact.fields, sources, record, rule, stamp)
    sources = _synced(sources, record.ref, rule)
    if not member:
        off = off_syncs(contact)
        return replace(off, sources=sources, fields=fields, memberships=_on_lists(off, record.ref, rule.key, ()))
    return replace(
        contact,
        sources=sources,
        fields=fields,
        memberships=_on_lists(contact, record.ref, rule.key, rule.lists),
        topics=contact.topics | (frozenset(rule.topics) - contact.left_topics),
        subscription=_subscription(contact, rule),
    )


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
    refusals = [consent for consent in old.consents if not consent.given]
    return replace(
        new,
        topics=new.topics - left_topics,
        left_topics=left_topics,
        opt_out=opt_out,
        consents=remembered(new.consents, refusals),
    )


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
            new = _on_since(joined(new, membership.list_id, source), membership)
    topics = new.topics | (old.topics - new.left_topics)
    consents = remembered(new.consents, old.consents)
    return replace(new, topics=topics, subscription=new.subscription or old.subscription, consents=consents)


def _on_since(contact: Contact, before: Membership) -> Contact:
    """Another address is no other person: who was on a list stays on it since then, unless they were there already."""
    now = contact.memberships[before.list_id]
    if now.since is not None:
        return contact
    return replace(contact, memberships={**contact.memberships, now.list_id: replace(now, since=before.since)})


def _behind(record: Record, stamp: Stamp, known: Source | None) -> Source:
    """The record as one that stands behind a contact; `known` itself when nothing is new."""
    opted_out = says_opt_out(record)
    if known and known.stamp == stamp and known.opted_out == opted_out and not known.gone:
        return known
    return Source(record.ref, stamp, opted_out=opted_out, map_versions=known.map_versions if known else {})


def _stamp(record: Record) -> Stamp:
    assert record.changed_at is not None, "a stored record has been changed by some event"
    return Stamp(record.changed_at, record.version, record.ref)


def _is_older(stamp: Stamp, known: Source | None) -> bool:
    return known is not None and stamp.version < known.stamp.version


def _synced(sources: Mapping[str, Source], ref: str, rule: Rule) -> Mapping[str, Source]:
    """The record with the version of the map that it is synced with now (R33)."""
    source = sources[ref]
    if not rule.map_version or source.map_versions == {rule.sync_id: rule.map_version}:
        return sources
    versions = synced(source.map_versions, rule.sync_id, rule.map_version)
    return {**sources, ref: replace(source, map_versions=versions)}


def _backfilled(contact: Contact, record: Record, rule: Rule, since: Mapping[str, int]) -> Contact:
    source = contact.sources.get(record.ref)
    if source is None or source.gone or rule.sync_id not in source.map_versions:
        return contact
    versions = backfilled(source.map_versions, rule.sync_id, rule.field_map, since, rule.map_version)
    contact = _versioned(contact, record.ref, versions)
    fields = _filled(contact.fields, contact.sources, record, rule, _stamp(record))
    return replace(contact, fields=fields)


def _versioned(contact: Contact, ref: str, versions: Mapping[str, int]) -> Contact:
    source = replace(contact.sources[ref], map_versions=versions)
    return replace(contact, sources={**contact.sources, ref: source})


def _filled(
    known: Mapping[str, ContactField], sources: Mapping[str, Source], record: Record, rule: Rule, stamp: Stamp
) -> dict[str, ContactField]:
    told = _told(record, rule.field_map)
    if not known:
        return {ours: ContactField(shortened(value), stamp) for ours, value in told if not is_empty(value)}
    fields = dict(known)
    for ours, value in told:
        if _stays(_given_by_someone_present(known.get(ours), sources), value, stamp, rule):
            continue
        # An equal value is stamped anew: otherwise an older record that comes late would win against it.
        fields[ours] = ContactField(shortened(value), stamp)
    return fields


def _given_by_someone_present(known: ContactField | None, sources: Mapping[str, Source]) -> ContactField | None:
    source = sources.get(known.stamp.ref) if known else None
    return None if source and source.gone else known


def _without_values_of(ref: str, contact: Contact) -> dict[str, ContactField]:
    return {name: entry for name, entry in contact.fields.items() if entry.stamp.ref != ref}


def _told(record: Record, field_map: Mapping[str, str]) -> Iterable[tuple[str, Value]]:
    """Contact fields with what the record says of them: nothing, when it only came in parts that did not name them."""
    told, whole = record.fields, not record.partial
    named = ((ours, told.get(theirs)) for theirs, ours in field_map.items())
    return [(ours, entry.value if entry else None) for ours, entry in named if entry or whole]


def _stays(known: ContactField | None, value: Value, stamp: Stamp, rule: Rule) -> bool:
    """Whether the known value stays: a newer record gave it, or the CRM's is empty and empties nothing here (R15)."""
    if is_empty(value) and not (rule.update_empty_values and known and known.stamp.ref == stamp.ref):
        return True
    if known is None:
        return False
    # Within one record its version decides, whatever its clock said.
    return known.stamp.version > stamp.version if known.stamp.ref == stamp.ref else known.stamp > stamp


def _on_lists(contact: Contact, ref: str, key: str, lists: Sequence[str]) -> Mapping[str, Membership]:
    """On the rule's lists, and off those that it had before it was changed."""
    memberships, source = contact.memberships, f"{key}|{ref}"
    for list_id in memberships.keys() - set(lists):
        memberships = without_reason(memberships, list_id, source)
    for list_id in lists:
        memberships = with_reason(memberships, list_id, source)
    return memberships


def _because_of(membership: Membership, ref: str) -> list[str]:
    return [source for source in membership.sources if source.partition("|")[2] == ref]


def _subscription(contact: Contact, rule: Rule) -> SubscriptionType | None:
    """Marketing, once given by any sync, is not taken away by a non-marketing one."""
    if contact.subscription is SubscriptionType.MARKETING:
        return contact.subscription
    return rule.subscription or contact.subscription
