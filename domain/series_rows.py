"""The ledger row of a message of a series that is due for somebody."""

from __future__ import annotations

from datetime import datetime

from domain.campaign import Campaign
from domain.contact import Contact
from domain.email import NO_SLICE, Email, EmailState, message_id
from domain.planning import zone_said
from domain.series import Entry, key_and_year, occurrence_of
from domain.series_steps import Due
from domain.series_turns import row_of


def planned_row(child: Campaign, entry: Entry, contact: Contact, due: Due, now: datetime) -> Email:
    """In no slice yet, and due since then. Whether it may be mailed is decided when it is claimed, as for every row."""
    _, year = key_and_year(due.turn)
    row_id, behind = row_of(due.step, entry, year), contact.primary()
    return Email(
        id=row_id,
        campaign_id=child.id,
        contact_id=contact.id,
        address=contact.address,
        ref=behind.ref if behind else None,
        state=EmailState.PLANNED,
        message_id=message_id(row_id, child.sender.domain),
        slice=NO_SLICE,
        occurrence=occurrence_of(entry.number, year),
        next_at=due.at,
        state_at=now,
        lawful_basis=child.lawful_basis,
        time_zone=zone_said(contact),
    )
