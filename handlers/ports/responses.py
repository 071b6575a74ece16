"""What came of emails, and who is not mailed for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.anonymous_visits import AnonymousVisit, VisitCounts
from domain.eligibility import SuppressionReason
from domain.events import Overruled, StoredEvent
from domain.inbound_mail import Unattributed
from domain.lists import Suppression
from domain.strikes import StrikeRecord


class Suppressions(Protocol):
    async def of(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[SuppressionReason]]:
        """Only those that are suppressed."""

    async def add(self, suppressions: Sequence[Suppression]) -> None:
        """Store them; a reason that is stored already keeps its first time and evidence."""

    async def details(self, contact_id: str) -> Sequence[Suppression]:
        """Every reason with its time and evidence, the oldest first."""

    async def lift(self, suppression: Suppression, *, at: datetime, because: str) -> bool:
        """Take one reason back, and keep that it was; False when it is not, or no longer, as given."""


class Strikes(Protocol):
    """What speaks against addresses, and for them (D10)."""

    async def load(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        """Those of which something is known."""

    async def struck(self, contact_ids: Collection[str]) -> Mapping[str, StrikeRecord]:
        """Those that have strikes."""

    async def save(self, records: Sequence[StrikeRecord]) -> frozenset[str]:
        """Store each, one revision on, unless its stored revision is another; the ids of those that were not."""


class Events(Protocol):
    async def add(self, events: Sequence[StoredEvent]) -> None:
        """Store them; one whose id is known stays as it is."""

    async def known(self, event_ids: Collection[str]) -> frozenset[str]:
        """Those of these ids that are stored."""

    async def of_emails(self, email_ids: Collection[str]) -> Sequence[StoredEvent]:
        """What was reported of these emails, the oldest first."""

    def bounced(self, campaign_id: str, since: datetime | None = None) -> AsyncIterator[str]:
        """Ids of the emails of a campaign that bounces were reported of, since then or ever; ascending, each once."""

    async def overrule(self, overruled: Sequence[Overruled]) -> None:
        """Keep what the rules say now, and what they said before; where something else is stored, nothing changes."""


class AnonymousVisits(Protocol):
    """Opens and clicks that name nobody, counted per campaign (D12)."""

    async def add(self, counts: Mapping[AnonymousVisit, int]) -> None:
        """Count each so many times more. Repeated it is counted again: nobody knows whether it is the same person."""

    async def of(self, campaign_id: str) -> VisitCounts:
        """What was counted; nothing for a campaign that nobody knows."""


class UnattributedReports(Protocol):
    """Mails that came in and change nothing; kept for a while, so that somebody may look at them."""

    async def add(self, reports: Sequence[Unattributed]) -> None:
        """Store them; one whose id is known stays as it is."""
