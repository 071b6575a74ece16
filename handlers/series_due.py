"""Whose turn it is in a series: what is due for them goes into the ledgers of its messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from domain.contact import Contact
from domain.eligibility import SuppressionReason
from domain.email import Email
from domain.planning import zone_said
from domain.series import Entry, Series
from domain.series_ends import end_of
from domain.series_rows import planned_row
from domain.series_steps import ended, look, rows_wanted
from domain.series_turns import DAILY, Person
from handlers.ports.audience import Contacts
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails
from handlers.ports.responses import Suppressions
from handlers.ports.series import Entries
from handlers.series_starts import Stand

_log = structlog.get_logger()
_NOT_SUPPRESSED: frozenset[SuppressionReason] = frozenset()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of the people of some entries."""

    contacts: Mapping[str, Contact]
    suppressed: Mapping[str, frozenset[SuppressionReason]]
    rows: Mapping[str, Email]


@dataclass(frozen=True, slots=True)
class DueSteps:
    """Rows first, entries then: whoever is killed in between finds the rows there, which stay as they are."""

    entries: Entries
    emails: Emails
    contacts: Contacts
    suppressions: Suppressions
    now: Clock
    zone: str = "UTC"  #: of people whose own is not known
    at_once: int = 500  #: entries that one look takes

    async def __call__(self, series: Series, stand: Stand) -> bool:
        """Whether more are due."""
        now = self.now()
        due = await self.entries.due(series.id, now, self.at_once)
        if not due:
            return False
        seen = await self._seen(series, due)
        looked = [self._looked(series, entry, seen, stand, now) for entry in due]
        if rows := [row for _, planned in looked for row in planned]:
            await self.emails.plan(rows)
        # Who was woken meanwhile is not stored, and stays due.
        await self.entries.save([entry for entry, _ in looked])
        return len(due) == self.at_once

    async def _seen(self, series: Series, due: Sequence[Entry]) -> _Seen:
        ids = {entry.contact_id for entry in due}
        wanted = [row for entry in due for row in rows_wanted(series, entry)]
        rows = await self.emails.load(wanted) if wanted else []
        return _Seen(await self.contacts.load(ids), await self.suppressions.of(ids), {row.id: row for row in rows})

    def _looked(
        self, series: Series, entry: Entry, seen: _Seen, stand: Stand, now: datetime
    ) -> tuple[Entry, Sequence[Email]]:
        """What nobody can reckon with is that person's trouble, and not the series': they are looked at in a day."""
        try:
            return self._turned(series, entry, seen, stand, now)
        except (ValueError, OverflowError):
            _log.exception("series_entry_in_trouble", series_id=series.id, entry_id=entry.id)
            return replace(entry, next_at=now + DAILY), []

    def _turned(
        self, series: Series, entry: Entry, seen: _Seen, stand: Stand, now: datetime
    ) -> tuple[Entry, Sequence[Email]]:
        contact = seen.contacts.get(entry.contact_id)
        why = end_of(series, entry, contact, seen.suppressed.get(entry.contact_id, _NOT_SUPPRESSED))
        if why is not None or contact is None:
            return (ended(entry, why, now) if why else replace(entry, next_at=None)), []
        person = Person(contact.values(), zone_said(contact) or self.zone)
        found = look(series, entry, person, seen.rows, stand.sending, now, stand.over)
        return found.entry, [planned_row(stand.sending[due.step.key], entry, contact, due, now) for due in found.due]
