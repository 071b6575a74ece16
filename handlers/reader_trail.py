"""Notes what readers change for themselves on our pages, once it is stored: by hash, as everybody in the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from domain.audit import DONE, PAGE, READER, AuditEntry
from domain.errors import CampaignsError
from handlers.ports.operations import Audit

log = structlog.get_logger()


class Noting(Protocol):
    async def __call__(
        self, contact_id: str, what: str, at: datetime, before: str | None = None, after: str | None = None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class ReaderTrail:
    """An entry that cannot be kept is let go: nobody is kept from leaving for it. The act itself stands elsewhere."""

    audit: Audit

    async def __call__(
        self, contact_id: str, what: str, at: datetime, before: str | None = None, after: str | None = None
    ) -> None:
        entry_id = f"{PAGE} {what.replace(' ', '-')} {contact_id} {at.isoformat()}"
        entry = AuditEntry(entry_id, at, READER, PAGE, what, f"contact:{contact_id}", before, after, DONE)
        try:
            await self.audit.add(entry)
        except CampaignsError as error:
            log.warning("reader_not_noted", what=what, error=str(error))


async def not_noted(
    contact_id: str, what: str, at: datetime, before: str | None = None, after: str | None = None
) -> None:
    """Where nobody keeps an audit log."""
