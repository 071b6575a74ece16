"""Who is skipped by a sync, and why (D5): read from the records as they are now, never stored.

A store of skips would hold addresses a second time (an erased person's, too), grow with every run and slow each one
down. What a run skipped is in its counts; whom to mend is what the records say today.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from domain.contact import Contact
from domain.module import Module
from domain.passage import Arrivals, Passage, carried, passage, unless_erased
from domain.projection import last_email_of, rule_of
from domain.record import Record
from domain.sync import Sync, SyncSkip
from handlers.carry_over import CarryOver
from handlers.sync_pages import pages


@dataclass(frozen=True, slots=True)
class Skipped:
    ref: str
    address: str | None  #: None where there is none, or where it is none
    reason: SyncSkip
    instead: str | None = None  #: of a duplicate: the record that wins


@dataclass(frozen=True, slots=True)
class SkipFinder:
    """Does what a run does, page by page, and stores nothing."""

    house: CarryOver

    async def __call__(self, sync: Sync, module: Module) -> AsyncIterator[Skipped]:
        """In the order of refs."""
        async for records in pages(self.house.records, module.name):
            for skipped in await self._of(records, sync, module):
                yield skipped

    async def _of(self, records: Sequence[Record], sync: Sync, module: Module) -> list[Skipped]:
        rules, house = [rule_of(sync)], self.house
        ways = [passage(record, module, rules, house.address_key, ()) for record in records]
        ids = {contact for way in ways for contact in (way.target, *way.origins) if contact}
        suppressed = await house.suppressions.of(ids)
        ways = [unless_erased(way, suppressed) for way in ways]
        before = await house.contacts.load(ids)
        arrivals = Arrivals.of(ways, suppressed, skip_roles=house.skip_roles)
        after = {target: arrivals(target, before) for target in arrivals.by_target}
        return [found for way in ways if (found := _skipped(way, module, arrivals, after.get(way.target or "")))]


def _skipped(way: Passage, module: Module, arrivals: Arrivals, contact: Contact | None) -> Skipped | None:
    came = carried(way, contact, contact, arrivals.skip(contact) if contact else None)
    reason = came.skip or (SyncSkip.DUPLICATE if came.duplicate_of else None)
    if reason is None:
        return None
    address = last_email_of(way.record, module)
    return Skipped(way.record.ref, None if isinstance(address, SyncSkip) else address, reason, came.duplicate_of)
