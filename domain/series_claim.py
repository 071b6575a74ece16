"""Whether a message of a series still goes out when its batch is claimed: a pause or an outage may lie between."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from domain.contact import Contact
from domain.eligibility import Skip
from domain.email import Email, SkipReason
from domain.series import Entry, EntryEnd, Series, Step, TriggerKind, number_and_year, turn_of
from domain.series_ends import stayed
from domain.series_times import opening
from domain.series_turns import LATEST_DATE, SLACK

#: Not at all, or not before that time.
Objection: TypeAlias = Skip | datetime


def objection(
    series: Series, row: Email, contact: Contact, entry: Entry | None, now: datetime, zone: str
) -> Objection | None:
    """None: it goes out. `entry` is the person's last one, `zone` where those live of whom nobody knows it.

    What was tried before is tried again when its time has come, and what somebody planned once more goes out at once.
    """
    if entry is not None and _has_left(series, row, contact, entry):
        return Skip(SkipReason.LEFT_LIST, f"the list {series.list_id} of series {series.id}")
    step = next((each for each in series.steps if each.campaign_id == row.campaign_id), None)
    if step is None or row.next_at is None or row.attempts or row.resent_at or row.earlier:
        return None
    opens = opening(now, step.window, row.time_zone or zone) if now - row.next_at > SLACK else now
    due = _first_due(step, row, entry) or row.next_at
    if step.trigger.kind is TriggerKind.DATE and opens - due > LATEST_DATE:
        return Skip(SkipReason.MISSED, f"it was due at {due:%Y-%m-%d %H:%M} UTC")
    return opens if opens > now else None


def _has_left(series: Series, row: Email, contact: Contact, entry: Entry) -> bool:
    is_of_earlier = number_and_year(row.occurrence)[0] < entry.number
    return is_of_earlier or entry.ended is EntryEnd.LEFT_LIST or not stayed(series, entry, contact)


def _first_due(step: Step, row: Email, entry: Entry | None) -> datetime | None:
    """Since when it has been due: who puts it off moves `Email.next_at`."""
    return entry.done.get(turn_of(step.key, number_and_year(row.occurrence)[1])) if entry else None
