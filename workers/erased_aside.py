"""Stores that take in what comes from outside, with whatever is about erased people left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from domain.eligibility import erased_of
from domain.erasure import GONE, named_in, redacted_body
from domain.inbound_mail import Unattributed
from domain.parked import ParkedMessage
from handlers.ports.responses import Suppressions, UnattributedReports
from messages.erasure_requested import ErasureRequested
from workers.settlement import Parking

#: What a parked message says whose body was not kept.
ABOUT_ERASED = "it is about a person whose data was erased, and was not kept; drop it"


@dataclass(frozen=True, slots=True)
class ParkedAside:
    """Messages may wait for days before they are given up: whom they name may have been erased meanwhile."""

    parking: Parking
    suppressions: Suppressions
    address_key: bytes

    async def park(self, message: ParkedMessage) -> None:
        """An erasure that failed keeps its body: it has to be repeated, and takes its own message away then."""
        people = {} if message.queue == ErasureRequested.queue else named_in(message.body, self.address_key)
        for key in await _erased(self.suppressions, people):
            kept = redacted_body(message.body, message.type, people[key]) if message.body else None
            error = GONE if kept else ABOUT_ERASED
            message = replace(
                message, body=kept or b"", body_bytes=len(kept or b""), headers={}, error=error, message_id=GONE
            )
        await self.parking.park(message)


@dataclass(frozen=True, slots=True)
class ReportsAside:
    """Mails about erased people that lead to nobody are not kept."""

    reports: UnattributedReports
    suppressions: Suppressions

    async def add(self, reports: Sequence[Unattributed]) -> None:
        erased = await _erased(self.suppressions, {key for report in reports for key in report.contact_ids})
        await self.reports.add([report for report in reports if erased.isdisjoint(report.contact_ids)])


async def _erased(suppressions: Suppressions, keys: Collection[str]) -> frozenset[str]:
    return erased_of(await suppressions.of(keys)) if keys else frozenset()
