"""Records, contacts and syncs in memory, with the handlers that work on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from domain.contact import Contact
from domain.values import is_empty
from handlers.carry_over import CarryOver
from handlers.crm_gate import CrmGate
from handlers.crm_traffic import CrmTraffic
from handlers.erased_records import ErasedRecords
from handlers.record_changed import RecordKeeper
from handlers.sync_moves import SyncMoves
from handlers.sync_removal import SyncRemover
from handlers.sync_requested import SyncInitiator, SyncRunner
from handlers.sync_runs import SyncRuns
from handlers.sync_slices import SyncSlicer
from messages.base import Message
from messages.record_changed import RecordChanged
from messages.sync_requested import SyncRequested
from tests.builders import ADDRESS_KEY, NOW, an_id, later
from tests.fakes.contacts import MemoryContacts
from tests.fakes.erasures import MemoryErasures
from tests.fakes.integrations import MemoryIntegrations
from tests.fakes.leases import MemoryLeases
from tests.fakes.lists import MemoryLists
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.runs import MemoryRuns
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.fakes.topics import MemoryTopics

ANN = "ann@example.com"
BEA = "bea@example.com"


def an_update(record_id: str = "1", fields: dict[str, Any] | None = None, **overrides: Any) -> RecordChanged:
    """A snapshot of a lead; `version` is its version and, in seconds after `NOW`, its time."""
    version = overrides.pop("version", 1)
    defaults: dict[str, Any] = {
        "module": "Leads",
        "record_id": record_id,
        "operation": "update",
        "fields": {"Email": ANN, "First_Name": "Ann"} if fields is None else fields,
        "complete": True,
        "source_version": version,
        "changed_at": later(version),
    }
    return RecordChanged(**{**defaults, **overrides})


def a_delete(record_id: str = "1", version: int = 9) -> RecordChanged:
    return an_update(record_id, {}, operation="delete", version=version, complete=False)


@dataclass
class Audience:
    records: MemoryRecords = field(default_factory=MemoryRecords)
    contacts: MemoryContacts = field(default_factory=MemoryContacts)
    suppressions: MemorySuppressions = field(default_factory=MemorySuppressions)
    syncs: MemorySyncs = field(default_factory=MemorySyncs)
    modules: MemoryModules = field(default_factory=MemoryModules)
    lists: MemoryLists = field(default_factory=MemoryLists)
    topics: MemoryTopics = field(default_factory=MemoryTopics)
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    erasures: MemoryErasures = field(default_factory=MemoryErasures)
    integrations: MemoryIntegrations = field(default_factory=MemoryIntegrations)
    leases: MemoryLeases = field(default_factory=MemoryLeases)
    passages: Iterator[int] = field(default_factory=count)
    skip_roles: bool = False
    ids: int = 0
    at: datetime = NOW  #: what the clock shows

    @property
    def carry_over(self) -> CarryOver:
        return CarryOver(self.records, self.contacts, self.suppressions, ADDRESS_KEY, self.skip_roles)

    @property
    def keeper(self) -> RecordKeeper:
        return RecordKeeper(self.records, self.modules, self.syncs, self.carry_over, self.erased_records)

    @property
    def erased_records(self) -> ErasedRecords:
        return ErasedRecords(self.records, self.suppressions, self.erasures, ADDRESS_KEY, lambda: self.at)

    @property
    def runner(self) -> SyncRunner:
        gate = CrmGate(self.integrations)
        initiate = SyncInitiator(self.syncs, self.modules, self.lists, self.topics, self.sync_runs, gate)
        slicer = SyncSlicer(self.syncs, self.modules, self.records, self.runs, self.carry_over, lambda: self.at)
        return SyncRunner(initiate, slicer, self.remover, self.traffic)

    @property
    def traffic(self) -> CrmTraffic:
        return CrmTraffic(self.leases, lambda: str(next(self.passages)))

    @property
    def sync_runs(self) -> SyncRuns:
        return SyncRuns(self.records, self.runs, lambda: self.at, self.new_id)

    @property
    def remover(self) -> SyncRemover:
        return SyncRemover(self.syncs, self.records, self.contacts, self.sync_runs)

    @property
    def moves(self) -> SyncMoves:
        return SyncMoves(self.syncs, self.sync_runs)

    def new_id(self) -> str:
        self.ids += 1
        return f"r{self.ids}"

    async def tell(self, *events: RecordChanged) -> list[Message]:
        """One window."""
        return list(await self.keeper(events))

    async def run(self, request: SyncRequested) -> None:
        """The whole run, slice by slice."""
        for follow_up in await self.runner(request):
            assert isinstance(follow_up, SyncRequested)
            await self.runner(follow_up)

    def of(self, text: str = ANN) -> Contact:
        return self.contacts.stored[an_id(text)]

    def lists_of(self, text: str = ANN) -> set[str]:
        return set(self.of(text).memberships)

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """All records and contacts, revisions too: equal states mean that nothing was written."""
        return dict(self.records.stored), dict(self.contacts.stored)

    def seen(self) -> dict[str, Any]:
        """What a marketer sees of everybody whom a record stands behind: the same in whatever order events came."""
        return {each.id: _seen(each) for each in self.contacts.stored.values() if each.present()}


def _seen(contact: Contact) -> tuple[Any, ...]:
    present = {source.ref for source in contact.present()}
    told = {name: entry.value for name, entry in contact.fields.items() if entry.stamp.ref in present}
    return (
        contact.address,
        {name: value for name, value in told.items() if not is_empty(value)},
        _sorted(contact.memberships),
        _sorted(present),
        contact.opted_out,
    )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
