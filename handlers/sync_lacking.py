"""Who lacks a field that came on a sync's map after they were synced (R30, R33)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from domain.map_versions import lacking
from domain.sync import Sync
from handlers.ports.audience import Contacts, Records
from handlers.sync_pages import contact_ids, pages


@dataclass(frozen=True, slots=True)
class Lacking:
    """Somebody whom re-initiating or backfilling the sync would give a value, if the CRM has one."""

    ref: str
    address: str
    map_version: int  #: that this person was synced with
    fields: tuple[str, ...]  #: CRM fields


@dataclass(frozen=True, slots=True)
class LackingFinder:
    """Reads the module in pages: an index of versions would be written with every contact, for a rare question."""

    records: Records
    contacts: Contacts

    async def __call__(self, sync: Sync) -> AsyncIterator[Lacking]:
        """In the order of refs."""
        async for records in pages(self.records, sync.module):
            people = await self.contacts.load(contact_ids(records))
            for record in records:
                person = people.get(record.projected.contact_id or "") if record.projected else None
                source = person.sources.get(record.ref) if person else None
                if person is None or source is None or source.gone:
                    continue
                if fields := lacking(source.map_versions, sync.id, sync.since):
                    yield Lacking(record.ref, person.address, source.map_versions[sync.id], fields)
