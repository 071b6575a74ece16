"""What each collection keeps of people: shown to them on request, and erased (docs/privacy.md).

A collection that is added and holds something of people gets a file, or a class, here and a line in `traces`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from domain.erasure import Person
from repositories.connection import Database
from repositories.traces.audience import ContactTraces, RecordTraces, StrikeTraces, SuppressionTraces
from repositories.traces.ledger import EmailTraces, EventTraces, OutboxTraces
from repositories.traces.parked import ParkedTraces
from repositories.traces.picked import CampaignTraces, RunTraces, SelectionTraces
from repositories.traces.reports import AuditTraces, TestMailTraces, UnattributedTraces
from repositories.traces.series import SeriesTraces


class _Traces(Protocol):
    @property
    def collection(self) -> str: ...

    async def of(self, person: Person) -> Sequence[Mapping[str, Any]]: ...

    async def erase(self, person: Person) -> int: ...


def traces(database: Database, key: bytes) -> Sequence[_Traces]:
    """In the order in which they are erased; `key` is the address key.

    The records last, the contact before them: a record tells whose it is, so that a repeat by either finds the rest.
    """
    return [
        CampaignTraces(database),
        SelectionTraces(database),
        RunTraces(database, "sync_runs"),
        RunTraces(database, "review_runs"),
        EventTraces(database, key),
        EmailTraces(database),
        OutboxTraces(database),
        SeriesTraces(database),
        UnattributedTraces(database),
        StrikeTraces(database),
        TestMailTraces(database),
        ParkedTraces(database),
        AuditTraces(database),
        SuppressionTraces(database),
        ContactTraces(database),
        RecordTraces(database),
    ]
