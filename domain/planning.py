"""From the people picked for a campaign to their rows of the ledger: who is mailed, who is not, in which batch.

Every record that was picked and every list member gets exactly one row. A record that is not mailed in its own name
(no address, or another record has the same one) gets a row under a name of its own, so that the books count it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.campaign import Campaign
from domain.contact import Contact, Source
from domain.eligibility import Skip, SuppressionReason, skip
from domain.email import NO_SLICE, Email, EmailState, SkipReason, email_id, message_id
from domain.erasure import erased_ref, record_key
from domain.send_times import ZONE_FIELD, zone_of
from domain.sync import SyncSkip

Suppressed = Mapping[str, frozenset[SuppressionReason]]
_NOT_SUPPRESSED: frozenset[SuppressionReason] = frozenset()


@dataclass(frozen=True, slots=True)
class Picked:
    """Which records were picked when the review began; records that came later are not among them."""

    through: Mapping[str, str]  #: module -> ref of its last record then
    refs: frozenset[str]  #: chosen one by one

    def includes(self, ref: str) -> bool:
        return ref in self.refs or ref <= self.through.get(ref.partition(":")[0], "")

    def winner(self, contact: Contact) -> Source | None:
        """The most recently changed of the picked records behind a contact: the one it is mailed for (D2)."""
        behind = (source for source in contact.present() if self.includes(source.ref))
        return max(behind, key=lambda source: source.stamp, default=None)


@dataclass(frozen=True, slots=True)
class Pick:
    """One picked record and where it leads."""

    ref: str
    skip: SyncSkip | None = None  #: why it leads to no address
    known: bool = True  #: False for a ref of which no record ever came
    address: str = ""  #: where no contact tells
    contact_id: str = ""  #: of the address
    contact: Contact | None = None  #: who has it, as stored

    def at(self, contact: Contact | None) -> Pick:
        return replace(self, contact=contact)


@dataclass(frozen=True, slots=True)
class Batches:
    """The slice numbers of one key range: its planned rows fill them one after the other."""

    first: int
    count: int
    size: int  #: rows per slice

    @classmethod
    def of_range(cls, number: int, range_size: int, size: int) -> Batches:
        count = -(-range_size // size)
        return cls(number * count, count, size)

    def number(self, position: int) -> int:
        """The slice of the planned row at this position; the last one takes what came in after the ranges were cut."""
        return self.first + min(position // self.size, self.count - 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows of one range and what they add to the report's counts."""

    rows: tuple[Email, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Decided:
    """Whom a row will be of, and why nobody is mailed for it."""

    contact: str  #: id
    address: str
    ref: str | None
    zone: str | None
    why: Skip | None


@dataclass(frozen=True, slots=True)
class Planner:
    """Decides the rows of one range. The same people in the same state give the same rows."""

    campaign: Campaign
    picked: Picked
    batches: Batches
    address_key: bytes
    now: datetime

    def of_records(self, picks: Sequence[Pick], suppressed: Suppressed) -> Plan:
        """A row for each picked record: the contact's own where the record is its winner."""
        decided = [self._of_record(pick, suppressed) for pick in picks]
        modules = Counter(f"from_module.{pick.ref.partition(':')[0]}" for pick in picks)
        return self._plan(decided, modules)

    def of_members(self, members: Iterable[Contact], suppressed: Suppressed) -> Plan:
        """A row for each list member who is not picked anyway."""
        others = [member for member in members if self.picked.winner(member) is None]
        decided = [self._of_contact(member, _ref(member.primary()), suppressed) for member in others]
        return self._plan(decided, Counter({"from_list": len(others)}))

    def _of_record(self, pick: Pick, suppressed: Suppressed) -> _Decided:
        reason = self._why_not_mailed_for(pick, suppressed)
        if reason is None and pick.contact is not None:
            return self._of_contact(pick.contact, pick.ref, suppressed)
        own_name = record_key(pick.ref, self.address_key)
        if reason is not None and reason.reason is SkipReason.ERASED:
            return _Decided(own_name, "", erased_ref(pick.ref, self.address_key), None, reason)
        address = pick.contact.address if pick.contact else pick.address
        return _Decided(own_name, address, pick.ref, None, reason)

    def _why_not_mailed_for(self, pick: Pick, suppressed: Suppressed) -> Skip | None:
        """Why nobody is mailed for this record, or None when its contact is decided on."""
        if not pick.known:
            known = suppressed.get(record_key(pick.ref, self.address_key), _NOT_SUPPRESSED)
            return Skip(SkipReason.ERASED if SuppressionReason.ERASED in known else SkipReason.UNKNOWN_RECORD)
        if pick.skip is not None:
            return Skip(SkipReason(pick.skip))
        if SuppressionReason.ERASED in suppressed.get(pick.contact_id, _NOT_SUPPRESSED):
            return Skip(SkipReason.ERASED)
        winner = self.picked.winner(pick.contact) if pick.contact else None
        if winner is not None and winner.ref != pick.ref:
            return Skip(SkipReason.DUPLICATE, f"same address as {winner.ref}")
        return None if winner else Skip(SkipReason.CONTACT_CHANGED, "the record changed while the review ran")

    def _of_contact(self, contact: Contact, ref: str | None, suppressed: Suppressed) -> _Decided:
        reasons = suppressed.get(contact.id, _NOT_SUPPRESSED)
        why = skip(contact, reasons, self.campaign)
        return _Decided(contact.id, contact.address, ref, zone_said(contact), why)

    def _plan(self, decided: Sequence[_Decided], counts: Counter[str]) -> Plan:
        for each in decided:
            counts.update(_counted(each.why))
        return Plan(tuple(self._numbered(decided)), dict(counts))

    def _numbered(self, decided: Sequence[_Decided]) -> Iterator[Email]:
        position = 0
        for each in decided:
            if each.why is None:
                yield self._row(each, EmailState.PLANNED, self.batches.number(position))
                position += 1
            else:
                yield self._row(each, EmailState.SKIPPED, NO_SLICE)

    def _row(self, of: _Decided, state: EmailState, number: int) -> Email:
        """In one piece: a copy of a row costs as much as deciding on it."""
        row_id = email_id(self.campaign.id, of.contact)
        return Email(
            id=row_id,
            campaign_id=self.campaign.id,
            contact_id=of.contact,
            address=of.address,
            ref=of.ref,
            state=state,
            message_id=message_id(row_id, self.campaign.sender.domain),
            slice=number,
            state_at=self.now,
            reason=of.why.reason if of.why else None,
            detail=of.why.detail if of.why else None,
            lawful_basis=self.campaign.lawful_basis,
            time_zone=of.zone,
        )


def _counted(why: Skip | None) -> list[str]:
    if why is None:
        return ["to_send"]
    return [f"skipped.{why.reason}", *(f"conflict.{topic}" for topic in why.topics)]


def zone_said(contact: Contact) -> str | None:
    """Where somebody lives, by a name of the IANA database; None where nobody knows."""
    said = contact.fields.get(ZONE_FIELD)
    return zone_of(said.value) if said else None


def _ref(source: Source | None) -> str | None:
    return source.ref if source else None
