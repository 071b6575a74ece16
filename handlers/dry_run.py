"""A review that locks and writes nothing (X8): the same phases over stores that keep what is written to themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from domain import review
from domain.books import Books
from domain.campaign import Campaign, Report
from domain.contact import Contact
from domain.destinations import domain_of, group_of
from domain.email import Email, EmailState
from domain.findings import Finding
from domain.mailer import name_in
from domain.module import Module
from domain.record import Record
from domain.selections import frozen_key
from domain.slices import KeyRange, Run
from handlers.carry_over import CarryOver
from handlers.dry_addresses import Addressees
from handlers.dry_ports import DryContacts, DryLedger, DryRecords, DrySelections
from handlers.ports.clock import Clock
from handlers.ports.responses import Suppressions
from handlers.ports.syncing import Syncs
from handlers.review_eligibility import EligibilityPhase
from handlers.review_people import People, is_of_members
from handlers.review_recipients import RecipientsPhase
from handlers.review_start import ELIGIBILITY, ReviewStart


@dataclass(frozen=True, slots=True)
class Decided:
    """One person, and what a review would decide."""

    row: Email
    name: str  #: as far as it is known


@dataclass(frozen=True, slots=True)
class DryReport:
    campaign: Campaign  #: as it would be reviewed
    report: Report
    rejected: str | None  #: why it would be, or None
    destinations: Mapping[str, int]  #: people who would be mailed, by the throttle of their mailbox provider


#: Gets the people of each slice as soon as they are decided on.
Tell = Callable[[Sequence[Decided]], None]
#: Gets how far it is, from 0 to 1.
See = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class DryRun:
    start: ReviewStart
    people: People
    syncs: Syncs
    suppressions: Suppressions
    findings: Callable[[Campaign], Awaitable[tuple[Finding, ...]]]
    address_key: bytes
    now: Clock
    skip_roles: bool = False

    async def __call__(self, draft: Campaign, *, include_existing_members: bool, tell: Tell, see: See) -> DryReport:
        """What a review would report of the campaign as it stands. Memory does not grow with the people told.

        Raises:
            IllegalTransition: it is no draft; the text says what to type.
            NotReady: something is missing; the text names each with what to type.
        """
        wanted = await self.start.check(draft, include_existing_members=include_existing_members)
        records = await self.people.record_ranges(wanted.recipients)
        run = Run(f"{draft.id}-dry", draft.id, ELIGIBILITY, tuple(records))
        picked = await self._addressees(wanted, run, see)
        rehearsal = _Rehearsal.of(self, wanted, run, picked)
        ranges = [*records, *await rehearsal.eligibility.member_ranges(wanted, len(records))]
        counts, destinations = Counter[str](), Counter[str]()
        for place, keys in enumerate(ranges):
            decided = await rehearsal.decided(keys, counts)
            destinations.update(_destination(each.row) for each in decided if each.row.state is EmailState.PLANNED)
            tell(decided)
            see((len(records) + place + 1) / (len(records) + len(ranges)))
        report = review.report(counts, _books(counts), await self.findings(wanted))
        rejected = review.why_rejected(report, people_come_later=wanted.series is not None)
        return DryReport(wanted, report, rejected, destinations)

    async def _addressees(self, campaign: Campaign, run: Run, see: See) -> Addressees:
        found = Addressees()
        modules: dict[str, Module] = {}
        for place, keys in enumerate(run.ranges):
            records = await self.people.picked_records(campaign, keys)
            modules |= await self.people.modules_of(records)
            picks = [self._eligibility(self.people).pick(ref, record, modules) for ref, record in records.items()]
            found.add((pick.ref, pick.contact_id) for pick in picks if pick.contact_id)
            see((place + 1) / (2 * len(run.ranges) + 1))
        found.complete()
        return found

    def _eligibility(self, people: People, ledger: DryLedger | None = None) -> EligibilityPhase:
        return EligibilityPhase(people, self.suppressions, ledger or DryLedger(), self.address_key, self.now)


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """Both phases of a review over one slice after the other."""

    campaign: Campaign
    run: Run
    picked: Addressees
    records: DryRecords
    contacts: DryContacts
    selections: DrySelections
    ledger: DryLedger
    people: People
    recipients: RecipientsPhase
    eligibility: EligibilityPhase

    @classmethod
    def of(cls, dry: DryRun, campaign: Campaign, run: Run, picked: Addressees) -> _Rehearsal:
        ledger, records, contacts = (
            DryLedger(),
            DryRecords(dry.people.records),
            DryContacts(dry.people.contacts, picked),
        )
        filters, key = campaign.recipients.filters, frozen_key(run.id)
        selections = DrySelections(dry.people.selections, records, filters, key)
        people = People(records, contacts, dry.people.modules, selections, dry.people.slice_size)
        carry_over = CarryOver(records, contacts, dry.suppressions, dry.address_key, dry.skip_roles)
        recipients = RecipientsPhase(people, dry.syncs, carry_over)
        eligibility = EligibilityPhase(people, dry.suppressions, ledger, dry.address_key, dry.now)
        return cls(campaign, run, picked, records, contacts, selections, ledger, people, recipients, eligibility)

    async def decided(self, keys: KeyRange, counts: Counter[str]) -> list[Decided]:
        """The people of one slice; what they add to the report is added to `counts`."""
        for store in (self.records, self.contacts, self.selections):
            store.begin_slice()
        found: Mapping[str, Record | None] = {}
        if not is_of_members(keys):
            found = await self.people.picked_records(self.campaign, keys)
            await self.recipients(self.campaign, self.run.at(keys))
            await self._carry_others(found)
        counts.update(await self.eligibility(self.campaign, self.run.at(keys)))
        return await self._named(found)

    async def _carry_others(self, found: Mapping[str, Record | None]) -> None:
        """Picked records of other slices that share an address with one of these: they decide together (D2)."""
        modules = await self.people.modules_of(found)
        ids = [self.eligibility.pick(ref, record, modules).contact_id for ref, record in found.items()]
        if refs := self.picked.others([key for key in ids if key], found):
            await self.recipients.carry(self.campaign, list((await self.records.load(refs)).values()))

    async def _named(self, found: Mapping[str, Record | None]) -> list[Decided]:
        contacts = await self.contacts.load([row.contact_id for row in self.ledger.rows])
        modules = await self.people.modules_of(found)
        return [Decided(row, _name(row, contacts, found, modules)) for row in self.ledger.rows]


def _name(
    row: Email, contacts: Mapping[str, Contact], records: Mapping[str, Record | None], modules: Mapping[str, Module]
) -> str:
    """As the contact's fields have it, or else the record's."""
    if contact := contacts.get(row.contact_id):
        return name_in(contact.values())
    record = records.get(row.ref or "")
    if record is None:
        return ""
    return name_in({ours: record.value(theirs) for theirs, ours in modules[record.module].default_map.items()})


def _destination(row: Email) -> str:
    return f"group:{group_of(domain_of(row.address))}"


def _books(counts: Mapping[str, int]) -> Books:
    """The books that the ledger would have."""
    skips = {name.removeprefix("skipped."): count for name, count in counts.items() if name.startswith("skipped.")}
    states = {EmailState.PLANNED: counts.get("to_send", 0), EmailState.SKIPPED: sum(skips.values())}
    return Books(sum(states.values()), states, skips)
