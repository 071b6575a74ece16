"""Who of a batch is still mailed, decided right before sending: people change their minds after a review (X1)."""

from __future__ import annotations

from domain.campaign import Campaign
from domain.contact import Contact
from domain.eligibility import Skip, SuppressionReason, skip
from domain.email import Email, SkipReason


def last_check(
    email: Email, contact: Contact | None, suppressed: frozenset[SuppressionReason], campaign: Campaign
) -> Skip | None:
    """Why this row is not sent after all, or None when it is."""
    if contact is None:
        return Skip(SkipReason.ERASED, "the contact is no longer stored")
    source = contact.sources.get(email.ref) if email.ref else None
    if email.ref and (source is None or source.gone):
        return Skip(SkipReason.CONTACT_CHANGED, "the record was deleted or moved to another address")
    return skip(contact, suppressed, campaign)
