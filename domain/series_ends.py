"""Why somebody's way through a series ends before its last message."""

from __future__ import annotations

from domain.contact import Contact
from domain.eligibility import SuppressionReason
from domain.series import Entry, EntryEnd, Series

_S = SuppressionReason


def end_of(
    series: Series, entry: Entry, contact: Contact | None, suppressed: frozenset[SuppressionReason]
) -> EntryEnd | None:
    """The first reason that holds; None while the person goes on."""
    if _S.ERASED in suppressed:
        return EntryEnd.ERASED
    if _S.COMPLAINED in suppressed:
        return EntryEnd.COMPLAINED
    if _S.HARD_BOUNCED in suppressed:
        return EntryEnd.BOUNCED
    if _has_left(series, contact, suppressed):
        return EntryEnd.UNSUBSCRIBED
    return None if contact is not None and stayed(series, entry, contact) else EntryEnd.LEFT_LIST


def _has_left(series: Series, contact: Contact | None, suppressed: frozenset[SuppressionReason]) -> bool:
    """What is owed to a customer goes on, as with every campaign."""
    if not series.purpose.marketing:
        return False
    opted_out = contact is not None and (contact.opted_out or series.topic in contact.left_topics)
    return opted_out or bool(suppressed & {_S.UNSUBSCRIBED, _S.MANUAL})


def stayed(series: Series, entry: Entry, contact: Contact) -> bool:
    """Who left and joined again goes on where they were, unless the series lets them begin anew."""
    membership = contact.memberships.get(series.list_id)
    if membership is None:
        return False
    return not (series.reentry and membership.since is not None and membership.since > entry.entered_at)
