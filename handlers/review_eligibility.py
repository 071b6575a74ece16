"""Second phase of a review: everybody picked and, if wished, every list member gets a row of the ledger (R71-R73)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.campaign import Campaign
from domain.contact import contact_id
from domain.module import Module
from domain.planning import Batches, Pick, Plan, Planner
from domain.projection import email_of
from domain.record import Record
from domain.slices import KeyRange, Run
from domain.sync import SyncSkip
from handlers.ports import Clock, Emails, Suppressions
from handlers.review_people import People, is_of_members, picked_in

MAX_ADDRESS_CHARS = 320  # RFC 5321: 64 + 1 + 255; of an invalid address no more is kept


@dataclass(frozen=True, slots=True)
class EligibilityPhase:
    """Plans the rows of one range. Rows that are planned already stay as they are."""

    people: People
    suppressions: Suppressions
    emails: Emails
    address_key: bytes
    now: Clock
    batch_size: int = 200  #: rows per batch of sending

    async def __call__(self, campaign: Campaign, run: Run, keys: KeyRange) -> Mapping[str, int]:
        """What the rows of this range add to the report."""
        planner = Planner(campaign, picked_in(campaign, run), self.batches(keys), self.address_key, self.now())
        of_range = self._of_members if is_of_members(keys) else self._of_records
        plan = await of_range(planner, campaign, keys)
        await self.emails.plan(plan.rows)
        return plan.counts

    def batches(self, keys: KeyRange) -> Batches:
        return Batches.of_range(keys.number, self.people.slice_size, self.batch_size)

    def batch_count(self, run: Run) -> int:
        """How many batches the whole campaign is sent in."""
        return sum(self.batches(keys).count for keys in run.ranges)

    async def ranges(self, campaign: Campaign, run: Run) -> list[KeyRange]:
        """The ranges of this phase: the records again, for now all contacts are known, then the list's members."""
        if not campaign.include_existing_members:
            return list(run.ranges)
        return [*run.ranges, *await self.people.member_ranges(campaign.list_id or "", len(run.ranges))]

    async def _of_records(self, planner: Planner, campaign: Campaign, keys: KeyRange) -> Plan:
        found = await self.people.picked_records(campaign, keys)
        modules = await self.people.modules_of(found)
        picks = [self._pick(ref, record, modules) for ref, record in found.items()]
        ids = {pick.contact_id for pick in picks if pick.contact_id}
        contacts = await self.people.contacts.load(ids) if ids else {}
        suppressed = await self.suppressions.of(ids) if ids else {}
        return planner.of_records([pick.at(contacts.get(pick.contact_id)) for pick in picks], suppressed)

    async def _of_members(self, planner: Planner, campaign: Campaign, keys: KeyRange) -> Plan:
        members = await self.people.members(campaign, keys)
        suppressed = await self.suppressions.of([member.id for member in members])
        return planner.of_members(members, suppressed)

    def _pick(self, ref: str, record: Record | None, modules: Mapping[str, Module]) -> Pick:
        if record is None:
            return Pick(ref, known=False)
        if (carried := record.projected) and carried.version == record.version and carried.contact_id:
            return Pick(ref, contact_id=carried.contact_id)  # the first phase has read the address
        module = modules[record.module]
        found = email_of(record, module)
        if isinstance(found, SyncSkip):
            return Pick(ref, skip=found, address=_as_given(record, module))
        return Pick(ref, address=found, contact_id=contact_id(found.lower(), self.address_key))


def _as_given(record: Record, module: Module) -> str:
    return str(record.values().get(module.email_field or "") or "")[:MAX_ADDRESS_CHARS]
