"""Who of the selected is mailed and who is not, with exactly one reason each (R52, R71-R73)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.campaign import Campaign, LawfulBasis
from domain.consent import ConsentTo, newest
from domain.contact import Contact, SubscriptionType
from domain.email import SkipReason


class SuppressionReason(StrEnum):
    HARD_BOUNCED = "hard_bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    MANUAL = "manual"
    ERASED = "erased"


_SKIPS: Mapping[SuppressionReason, SkipReason] = {
    SuppressionReason.ERASED: SkipReason.ERASED,
    SuppressionReason.COMPLAINED: SkipReason.COMPLAINED,
    SuppressionReason.HARD_BOUNCED: SkipReason.HARD_BOUNCED,
    SuppressionReason.UNSUBSCRIBED: SkipReason.OPTED_OUT,
    SuppressionReason.MANUAL: SkipReason.OPTED_OUT,
}


def erased_of(suppressed: Mapping[str, frozenset[SuppressionReason]]) -> frozenset[str]:
    """Those of the suppressed whose data was erased."""
    return frozenset(key for key, reasons in suppressed.items() if SuppressionReason.ERASED in reasons)


@dataclass(frozen=True, slots=True)
class Skip:
    reason: SkipReason
    detail: str | None = None
    topics: tuple[str, ...] = field(default=())  #: the topics held, for a topic conflict


def skip(contact: Contact, suppressed: frozenset[SuppressionReason], campaign: Campaign) -> Skip | None:
    """Why this contact is not mailed by this campaign, or None when it is.

    Decided at review, and again when its slice is claimed: an unsubscribe in between is a skip.
    """
    for reason, skip_reason in _SKIPS.items():
        if reason in suppressed and not _allowed(skip_reason, campaign):
            return Skip(skip_reason)
    if contact.opted_out and not _allowed(SkipReason.OPTED_OUT, campaign):
        return Skip(SkipReason.OPTED_OUT)
    if campaign.purpose.marketing and contact.subscription is SubscriptionType.NON_MARKETING:
        return Skip(SkipReason.NON_MARKETING)
    if campaign.lawful_basis is LawfulBasis.CONSENT and not _agreed(contact):
        return Skip(SkipReason.NO_CONSENT)
    return _topic_conflict(contact, campaign)


def _agreed(contact: Contact) -> bool:
    """Subscribed by whoever put it on a list, or by its own word on record; the last word counts."""
    said = newest(contact.consents, ConsentTo.MAIL)
    return said.given if said else contact.subscription is not None


def _allowed(reason: SkipReason, campaign: Campaign) -> bool:
    """Leaving marketing does not end what is owed to a customer: receipts and notices go on."""
    return reason is SkipReason.OPTED_OUT and not campaign.purpose.marketing


def _topic_conflict(contact: Contact, campaign: Campaign) -> Skip | None:
    if not campaign.purpose.marketing:
        return None
    if campaign.topic in contact.left_topics:
        return Skip(SkipReason.TOPIC_CONFLICT, f"left {campaign.topic}", tuple(sorted(contact.topics)))
    if contact.topics and campaign.topic not in contact.topics:
        held = tuple(sorted(contact.topics))
        return Skip(SkipReason.TOPIC_CONFLICT, f"holds {', '.join(held)}", held)
    return None
