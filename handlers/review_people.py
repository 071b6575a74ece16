"""Whom a review is about: ranges over the records picked, and over the members of the list."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.campaign import Campaign, Selection
from domain.contact import Contact
from domain.errors import UnknownModule
from domain.module import Module
from domain.planning import Picked
from domain.record import Record
from domain.slices import KeyRange, Run, ranges
from handlers.key_ranges import cut
from handlers.ports import Contacts, Modules, Records

_MODULE, _REFS, _LIST = "module:", "refs", "list:"  # how the ranges of a review are labelled


@dataclass(frozen=True, slots=True)
class People:
    """Reads the people of a review, slice by slice."""

    records: Records
    contacts: Contacts
    modules: Modules
    slice_size: int = 500  #: people per slice of a review

    async def record_ranges(self, selection: Selection) -> list[KeyRange]:
        """All records of the modules picked as they are now, then the refs chosen one by one."""
        found: list[KeyRange] = []
        for module in sorted(set(selection.modules)):
            keys, label = self.records.keys(module), f"{_MODULE}{module}"
            found += await cut(keys, self.slice_size, label, first=len(found), after=f"{module}:")
        return [*found, *ranges(chosen_refs(selection), self.slice_size, _REFS, first=len(found))]

    async def member_ranges(self, list_id: str, first: int) -> list[KeyRange]:
        return await cut(self.contacts.members(list_id), self.slice_size, f"{_LIST}{list_id}", first=first)

    async def picked_records(self, campaign: Campaign, keys: KeyRange) -> Mapping[str, Record | None]:
        """The picked records of a range by ref; None for a chosen ref of which no record ever came."""
        if keys.label != _REFS:
            return {record.ref: record for record in await self.records.within(keys)}
        refs = _within(chosen_refs(campaign.recipients), keys)
        known = await self.records.load(refs)
        return {ref: known.get(ref) for ref in refs}

    async def members(self, campaign: Campaign, keys: KeyRange) -> Sequence[Contact]:
        return await self.contacts.members_within(campaign.list_id or "", keys)

    async def modules_of(self, refs: Mapping[str, Record | None]) -> dict[str, Module]:
        """The modules of these refs, by name."""
        names = sorted({ref.partition(":")[0] for ref in refs})
        return {name: await self._module(name) for name in names}

    async def _module(self, name: str) -> Module:
        module = await self.modules.get(name)
        if module is None:
            raise UnknownModule(f"module {name} is not known; publish a module-described message for it")
        return module


def is_of_members(keys: KeyRange) -> bool:
    return keys.label.startswith(_LIST)


def chosen_refs(selection: Selection) -> list[str]:
    """Refs chosen one by one, ascending, without those whose whole module is picked."""
    return sorted({ref for ref in selection.refs if ref.partition(":")[0] not in selection.modules})


def picked_in(campaign: Campaign, run: Run) -> Picked:
    """Who was picked when the run's ranges were cut."""
    last = {keys.label.removeprefix(_MODULE): keys.through for keys in run.ranges if keys.label.startswith(_MODULE)}
    return Picked(last, frozenset(chosen_refs(campaign.recipients)))


def _within(refs: Sequence[str], keys: KeyRange) -> Sequence[str]:
    return refs[bisect_right(refs, keys.after) : bisect_right(refs, keys.through)]
