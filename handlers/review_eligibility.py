"""Second phase of a review: everybody picked and, if wished, every list member gets a row of the ledger (R71-R73)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.campaign import Campaign
from domain.contact import Contact, contact_id
from domain.email import Email
from domain.erasure import record_key
from domain.module import Module
from domain.planning import Batches, Pick, Plan, Planner
from domain.projection import email_of
from domain.record import Record
from domain.slices import KeyRange, Run, RunSlice
from domain.sync import SyncSkip
from handlers.ports.clock import Clock
from handlers.ports.responses import Suppressions
from handlers.review_people import People, is_of_members

MAX_ADDRESS_CHARS = 320  # RFC 5321: 64 + 1 + 255; of an invalid address no more is kept


class Ledger(Protocol):
    """All that planning asks of the ledger."""

    async def plan(self, rows: Sequence[Email]) -> None: ...


@dataclass(frozen=True, slots=True)
class EligibilityPhase:
    """Plans the rows of one range. Rows that are planned already stay as they are."""

    people: People
    suppressions: Suppressions
    emails: Ledger
    address_key: bytes
    now: Clock
    batch_size: int = 200  #: rows per batch of sending

    async def __call__(self, campaign: Campaign, part: RunSlice) -> Mapping[str, int]:
        """What the rows of this range add to the report."""
        of_range = self._of_members if is_of_members(part.keys) else self._of_records
        plan = await of_range(campaign, part)
        await self.emails.plan(plan.rows)
        return plan.counts

    def batches(self, keys: KeyRange) -> Batches:
        return Batches.of_range(keys.number, self.people.slice_size, self.batch_size)

    def batch_count(self, run: Run) -> int:
        """How many batches the whole campaign is sent in."""
        return sum(self.batches(keys).count for keys in run.ranges)

    async def ranges(self, campaign: Campaign, run: Run) -> list[KeyRange]:
        """The ranges of this phase: the records again, for now all contacts are known, then the list's members."""
        records = await self.people.frozen_ranges(run)
        return [*records, *await self.member_ranges(campaign, len(records))]

    async def member_ranges(self, campaign: Campaign, first: int) -> list[KeyRange]:
        """The existing members of the list, if they are asked for."""
        if not campaign.include_existing_members:
            return []
        return await self.people.member_ranges(campaign.list_id or "", first)

    async def _of_records(self, campaign: Campaign, part: RunSlice) -> Plan:
        found = await self.people.frozen(campaign, part)
        modules = await self.people.modules_of(found)
        picks = [self.pick(ref, record, modules) for ref, record in found.items()]
        ids = {pick.contact_id for pick in picks if pick.contact_id}
        contacts = await self.people.contacts.for_planning(ids) if ids else {}
        # Of a record that is not here, it may be known that it was erased.
        asked = ids | {record_key(pick.ref, self.address_key) for pick in picks if not pick.known}
        suppressed = await self.suppressions.of(asked) if asked else {}
        planner = await self._planner(campaign, part, contacts.values())
        return planner.of_records([pick.at(contacts.get(pick.contact_id)) for pick in picks], suppressed)

    async def _of_members(self, campaign: Campaign, part: RunSlice) -> Plan:
        members = await self.people.members(campaign, part.keys)
        suppressed = await self.suppressions.of([member.id for member in members])
        planner = await self._planner(campaign, part, members)
        return planner.of_members(members, suppressed)

    async def _planner(self, campaign: Campaign, part: RunSlice, contacts: Iterable[Contact]) -> Planner:
        picked = await self.people.picked(campaign, part, contacts)
        return Planner(campaign, picked, self.batches(part.keys), self.address_key, self.now())

    def pick(self, ref: str, record: Record | None, modules: Mapping[str, Module]) -> Pick:
        """Where a picked record leads."""
        if record is None:
            return Pick(ref, known=False)
        if carried_to := record.carried_to:
            return Pick(ref, contact_id=carried_to)  # the first phase has read the address
        module = modules[record.module]
        found = email_of(record, module)
        if isinstance(found, SyncSkip):
            return Pick(ref, skip=found, address=_as_given(record, module))
        return Pick(ref, address=found, contact_id=contact_id(found.lower(), self.address_key))


def _as_given(record: Record, module: Module) -> str:
    return str(record.values().get(module.email_field or "") or "")[:MAX_ADDRESS_CHARS]
