"""Whose values a preview or a test mail shows: a record of the CRM, as a review would carry it over (R44, R68)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain.campaign import Campaign
from domain.contact import Contact
from domain.errors import InvalidDefinition
from domain.record import Record
from handlers.carry_over import CarryOver
from handlers.dry_addresses import Addressees
from handlers.dry_ports import DryContacts, DryRecords
from handlers.ports.responses import Suppressions
from handlers.ports.syncing import Syncs
from handlers.review_people import People
from handlers.review_recipients import RecipientsPhase


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Makes of a record the contact that it would become; nothing is written."""

    people: People
    syncs: Syncs
    suppressions: Suppressions
    address_key: bytes

    async def __call__(self, campaign: Campaign, ref: str) -> Contact:
        """
        Raises:
            InvalidDefinition: no such record is known, or it leads to nobody; the text says why.
            UnknownModule: its module was never described.
        """
        records, contacts = DryRecords(self.people.records), DryContacts(self.people.contacts, Addressees())
        record = (await records.load([ref])).get(ref)
        if record is None:
            raise InvalidDefinition(f"record: no record {ref} is known; it is written MODULE:ID, such as Leads:1")
        people = replace(self.people, records=records, contacts=contacts)
        phase = RecipientsPhase(people, self.syncs, CarryOver(records, contacts, self.suppressions, self.address_key))
        return await self._contact(contacts, phase, campaign, record)

    async def _contact(
        self, contacts: DryContacts, phase: RecipientsPhase, campaign: Campaign, record: Record
    ) -> Contact:
        carried = (await phase.carry(campaign, [record]))[record.ref]
        if carried.contact_id is None:
            raise InvalidDefinition(f"record: {record.ref} leads to nobody who could be mailed: {carried.skip}")
        return (await contacts.load([carried.contact_id]))[carried.contact_id]
