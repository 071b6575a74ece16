"""A reader leaves on a page of ours: stored with the person before anything is answered."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.audit import suppressed
from domain.consent import ConsentTo, newest
from domain.contact import Contact
from domain.eligibility import SuppressionReason
from domain.email import is_nobodys
from domain.errors import UnknownEmail
from domain.lists import Suppression
from domain.preferences import Choice, chosen
from handlers.contact_changes import ContactChanges
from handlers.delivery_event import DeliveryRecorder
from handlers.page_tokens import campaign_of, contact_of
from handlers.ports.responses import Suppressions
from handlers.reader_trail import Noting, not_noted
from messages.delivery_event import DeliveryEvent, EventType, Evidence


class Way(StrEnum):
    """How somebody left."""

    ONE_CLICK = "one_click"  #: their mail program asked (RFC 8058)
    PAGE = "page"  #: the button
    PREFERENCES = "preferences"


def unsubscribed(email_id: str, way: Way, at: datetime) -> DeliveryEvent:
    """The event of it; the same for the same email, however often on one day."""
    same = hashlib.sha256(f"{email_id} unsubscribed {at.date()}".encode()).hexdigest()
    return DeliveryEvent(
        event_id=f"web:{same[:40]}",
        event=EventType.UNSUBSCRIBED,
        email_id=email_id,
        occurred_at=at,
        evidence=Evidence(source=way),
    )


@dataclass(frozen=True, slots=True)
class Unsubscriber:
    """Repeated, it changes nothing. An email of which no row is left is as good: the person is what counts."""

    suppressions: Suppressions
    changes: ContactChanges
    recorder: DeliveryRecorder
    noting: Noting = not_noted

    async def __call__(self, event: DeliveryEvent) -> None:
        """
        Raises:
            StoreUnavailable, Conflict: not all of it is stored.
        """
        email_id = event.email_id or ""
        if is_nobodys(email_id):
            return  # whoever tries the link of a test mail or a preview
        contact_id, source = contact_of(email_id), f"unsubscribe:{campaign_of(email_id)}"
        evidence = f"campaign {campaign_of(email_id)}: {event.evidence.source if event.evidence else event.event}"
        known = (await self.suppressions.of([contact_id])).get(contact_id, frozenset())
        # First, because it outlives the contact.
        await self.suppressions.add(
            [Suppression(contact_id, SuppressionReason.UNSUBSCRIBED, event.occurred_at, evidence)]
        )
        await self.changes([contact_id], lambda contact: _left(contact, event.occurred_at, source))
        with suppress(UnknownEmail):
            await self.recorder([event])
        if SuppressionReason.UNSUBSCRIBED not in known and event.evidence:
            then = {*known, SuppressionReason.UNSUBSCRIBED}
            what = f"unsubscribe {event.evidence.source}"
            await self.noting(contact_id, what, event.occurred_at, suppressed(known), suppressed(then))


def _left(contact: Contact, at: datetime, source: str) -> Contact:
    said = newest(contact.consents, ConsentTo.MAIL)
    if contact.opt_out is not None and said is not None and not said.given:
        return contact
    return chosen(contact, Choice(leave_all=True), (), at=at, source=source)
