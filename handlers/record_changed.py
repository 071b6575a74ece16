"""What happens when CRM records change: they are kept, and the people behind them follow (D1-D4)."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TypeAlias

from domain.contact import address
from domain.errors import Conflict, UnknownModule
from domain.module import Module
from domain.projection import Rule, rule_of
from domain.record import Operation, Record, RecordChange, applied
from domain.sync import Sync, SyncStatus
from handlers.carry_over import ROUNDS, CarryOver
from handlers.erased_records import ErasedRecords
from handlers.ports.audience import Modules, Records
from handlers.ports.syncing import Syncs
from handlers.sync_leaving import taken_off
from messages.base import Message
from messages.record_changed import RecordChanged
from messages.record_wanted import RecordWanted

_Changes: TypeAlias = dict[str, Sequence[RecordChange]]  #: by ref


@dataclass(frozen=True, slots=True)
class RecordKeeper:
    """Keeps a window of changes with their records, and carries the records over to the contacts of active syncs.

    A record is carried over whether the events changed it or not: the repeat of an event mends what a crash between
    record and contact left behind.
    """

    records: Records
    modules: Modules
    syncs: Syncs
    carry_over: CarryOver
    erased: ErasedRecords

    async def __call__(self, events: Sequence[RecordChanged]) -> Sequence[Message]:
        """Asks the CRM for records that were only named, or of which we know no more than parts.

        Raises:
            UnknownModule: an event's module is neither built in nor described.
            Conflict: others kept changing the same records or contacts first.
        """
        names = {event.module for event in events}
        told = ToldRecords(self.records, _by_ref(event.to_change() for event in events if event.tells))
        await self._carried(names, told)
        wanted = {(event.module, event.record_id) for event in events if event.ids_only}
        wanted |= {(record.module, record.record_id) for record in told.partial()}
        return [RecordWanted(module=module, record_id=record_id) for module, record_id in sorted(wanted)]

    async def _carried(self, names: Collection[str], told: ToldRecords) -> None:
        """The records are carried over by the syncs as they are afterwards.

        What a change of a sync sets off, a run or its removal, may have passed by before these records were stored.
        """
        syncs = await self.syncs.active()
        kept_out: dict[str, str | None] = {}
        for _ in range(ROUNDS):
            rules = _rules(syncs)
            modules, records = await gather(self._modules(names, besides=rules.keys()), told.load(told.changes.keys()))
            if erased := await self.erased.kept_out(told, records, modules):
                kept_out |= erased
                records = await told.load(told.changes.keys())
            await self.carry_over.arrive(records, rules, modules, told, _named(told.changes, modules))
            await self.erased.taken_back(told, modules, kept_out)
            now = await self.syncs.active()
            if now == syncs:
                return
            await self._taken_back({sync.id for sync in syncs} - {sync.id for sync in now}, told)
            syncs = now
        raise Conflict("syncs kept changing while records were carried over by them")

    async def _taken_back(self, sync_ids: Collection[str], told: ToldRecords) -> None:
        """Undo what syncs did that are deleted; those that are paused keep their people."""
        for sync_id in sorted(sync_ids):
            sync = await self.syncs.get(sync_id)
            if sync is None or sync.status is SyncStatus.DELETING:
                records = await self.records.load(told.seen)
                await taken_off(sync_id, [*records.values()], self.carry_over.contacts)

    async def _modules(self, names: Collection[str], besides: Collection[str]) -> Mapping[str, Module]:
        """Those of `names`, and of `besides` what is known: records of other modules may share an address with ours."""
        asked = sorted({*names, *besides})
        found = dict(zip(asked, await gather(*(self.modules.get(name) for name in asked)), strict=True))
        if unknown := [name for name in sorted(names) if found[name] is None]:
            raise UnknownModule(
                f"module: {', '.join(unknown)} is not known; describe it with a module-described message"
            )
        return {name: module for name, module in found.items() if module is not None}


@dataclass(frozen=True, slots=True)
class ToldRecords:
    """Stored records with what a window of events tells of them.

    They are stored after the contacts, news and mark in one write: a worker that dies between the two has acknowledged
    nothing, and the repeat of its events does the same again.
    """

    records: Records
    changes: _Changes
    stored: dict[str, Record] = field(default_factory=dict)  #: as they were loaded, by ref
    news: dict[str, Record] = field(default_factory=dict)  #: those that events changed

    async def load(self, refs: Collection[str]) -> Sequence[Record]:
        found = await self.records.load(refs)
        self.stored.update(found)
        return [self._told(ref, found.get(ref)) for ref in refs if ref in found or ref in self.changes]

    async def keep(self, records: Sequence[Record]) -> frozenset[str]:
        changed = [record for record in records if record.ref in self.news]
        marked = [record for record in records if record.ref not in self.news and self._is_marked_anew(record)]
        self.news.update((record.ref, record) for record in changed)
        refused = await self.records.save(changed) if changed else frozenset()
        return refused | await self.records.mark_projected(marked) if marked else refused

    @property
    def seen(self) -> frozenset[str]:
        """All that were looked at, by ref: those that events told of, and who stayed where they left."""
        return frozenset(self.changes.keys() | self.stored.keys())

    def partial(self) -> list[Record]:
        """Those of which the CRM never told the whole."""
        now = {**self.stored, **self.news}
        return [now[ref] for ref in self.changes if now[ref].partial and not now[ref].deleted]

    def _told(self, ref: str, before: Record | None) -> Record:
        after = _after(before, self.changes.get(ref, ()))
        if before is not None and after == before:
            self.news.pop(ref, None)
            return before
        self.news[ref] = _unsettled(after)
        return self.news[ref]

    def _is_marked_anew(self, record: Record) -> bool:
        return record.projected != self.stored[record.ref].projected


def _rules(syncs: Iterable[Sync]) -> Mapping[str, Sequence[Rule]]:
    rules: dict[str, list[Rule]] = {}
    for sync in syncs:
        rules.setdefault(sync.module, []).append(rule_of(sync))
    return rules


def _by_ref(changes: Iterable[RecordChange]) -> _Changes:
    found: dict[str, list[RecordChange]] = {}
    for change in changes:
        found.setdefault(change.ref, []).append(change)
    return {**found}


def _after(record: Record | None, changes: Sequence[RecordChange]) -> Record:
    return reduce(applied, changes, record or Record(changes[0].module, changes[0].record_id))


def _unsettled(record: Record) -> Record:
    """News may reach the record while nobody carries it over."""
    mark = record.projected
    return replace(record, projected=replace(mark, settled=None)) if mark and mark.settled else record


def _named(changes: _Changes, modules: Mapping[str, Module]) -> dict[str, set[str]]:
    """The addresses that the events themselves gave each record, overtaken or not (sendable form)."""
    named = {}
    for ref, told in changes.items():
        field = modules[told[0].module].email_field or ""
        giving = (change for change in told if change.operation is not Operation.DELETE)
        found = {address(str(change.fields.get(field) or "")) for change in giving}
        named[ref] = {each.sendable for each in found if each}
    return named
