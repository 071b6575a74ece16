"""What happens when CRM records change: they are kept, and the people behind them follow (D1-D4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias

from domain.contact import address
from domain.errors import Conflict, UnknownModule
from domain.module import Module
from domain.projection import Rule, rule_of
from domain.record import Record, RecordChange, applied
from handlers.carry_over import ROUNDS, CarryOver
from handlers.ports import Modules, Records, Syncs
from messages.base import Message
from messages.record_changed import RecordChanged
from messages.record_wanted import RecordWanted

_Changes: TypeAlias = Mapping[str, Sequence[RecordChange]]  #: by ref


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

    async def __call__(self, events: Sequence[RecordChanged]) -> Sequence[Message]:
        """Asks the CRM for records that were only named, or of which we know no more than parts.

        Raises:
            UnknownModule: an event's module is neither built in nor described.
            Conflict: others kept changing the same records or contacts first.
        """
        rules = await self._rules()
        modules = await self._modules({event.module for event in events}, besides=rules.keys())
        changes = _by_ref(event.to_change() for event in events if not event.ids_only)
        kept = await self._kept(changes)
        await self.carry_over(kept, rules, modules, _named(changes, modules))
        wanted = {(event.module, event.record_id) for event in events if event.ids_only}
        wanted |= {(record.module, record.record_id) for record in kept if record.partial and not record.deleted}
        return [RecordWanted(module=module, record_id=record_id) for module, record_id in sorted(wanted)]

    async def _modules(self, names: Collection[str], besides: Collection[str]) -> Mapping[str, Module]:
        """Those of `names`, and of `besides` what is known: records of other modules may share an address with ours."""
        found = {name: await self.modules.get(name) for name in sorted({*names, *besides})}
        if unknown := [name for name in sorted(names) if found[name] is None]:
            raise UnknownModule(
                f"module: {', '.join(unknown)} is not known; describe it with a module-described message"
            )
        return {name: module for name, module in found.items() if module is not None}

    async def _rules(self) -> Mapping[str, Sequence[Rule]]:
        rules: dict[str, list[Rule]] = {}
        for sync in await self.syncs.active():
            rules.setdefault(sync.module, []).append(rule_of(sync))
        return rules

    async def _kept(self, changes: _Changes) -> list[Record]:
        """The records of the changes as they are stored now."""
        kept: dict[str, Record] = {}
        refs = frozenset(changes)
        for _ in range(ROUNDS):
            before = await self.records.load(refs)
            after = {ref: _after(before.get(ref), changes[ref]) for ref in refs}
            changed = [record for ref, record in after.items() if record != before.get(ref)]
            refs = await self.records.save(changed) if changed else frozenset()
            kept |= {ref: _stored(record, before.get(ref)) for ref, record in after.items() if ref not in refs}
            if not refs:
                return list(kept.values())
        raise Conflict(f"{len(refs)} records kept changing while a window of events was applied to them")


def _by_ref(changes: Iterable[RecordChange]) -> _Changes:
    found: dict[str, list[RecordChange]] = {}
    for change in changes:
        found.setdefault(change.ref, []).append(change)
    return found


def _after(record: Record | None, changes: Sequence[RecordChange]) -> Record:
    return reduce(applied, changes, record or Record(changes[0].module, changes[0].record_id))


def _stored(record: Record, before: Record | None) -> Record:
    """The record with the revision that saving it gave, if it was saved."""
    return record if record == before else replace(record, revision=record.revision + 1)


def _named(changes: _Changes, modules: Mapping[str, Module]) -> dict[str, set[str]]:
    """The addresses that the events themselves gave each record, overtaken or not (sendable form)."""
    named = {}
    for ref, told in changes.items():
        field = modules[told[0].module].email_field or ""
        found = {address(str(change.fields.get(field) or "")) for change in told}
        named[ref] = {each.sendable for each in found if each}
    return named
