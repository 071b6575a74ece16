"""Whom a review is about: ranges over the records picked, and over the members of the list."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.campaign import Campaign, Selection
from domain.contact import Contact
from domain.errors import UnknownModule
from domain.module import Module
from domain.planning import Picked
from domain.record import Record
from domain.selections import frozen_key, gathered, module_of
from domain.slices import KeyRange, Run, RunSlice, ranges
from handlers.key_ranges import cut
from handlers.ports.audience import Contacts, Modules, Records
from handlers.ports.campaigns import Selections
from handlers.selection import Selector

#: How the ranges of a review are labelled. A range of kept refs is a chunk, named by its number.
_MODULE, _FILTER, _REFS, _KEPT, _LIST = "module:", "filter:", "refs", "kept:", "list:"
_FROZEN = "frozen:"  #: the numbers of some chunks of those whom filters picked


SLICE_SIZE = 500  #: people per slice of a review; a slice is a second of work


@dataclass(frozen=True, slots=True)
class People:
    """Reads the people of a review, slice by slice."""

    records: Records
    contacts: Contacts
    modules: Modules
    selections: Selections
    slice_size: int = SLICE_SIZE

    @property
    def selector(self) -> Selector:
        return Selector(self.records, self.selections)

    async def record_ranges(self, selection: Selection) -> list[KeyRange]:
        """All records of the modules picked as they are now, those that filters look through, then the chosen ones."""
        found: list[KeyRange] = []
        for module in sorted(set(selection.modules)):
            found += await self.selector.ranges(module, self.slice_size, f"{_MODULE}{module}", len(found))
        for module in sorted(selection.filters):
            found += await self.selector.ranges(module, self.slice_size, f"{_FILTER}{module}", len(found))
        found += await self._kept_ranges(selection, len(found))
        return [*found, *ranges(chosen_refs(selection), self.slice_size, _REFS, first=len(found))]

    async def _kept_ranges(self, selection: Selection, first: int) -> list[KeyRange]:
        if selection.kept is None:
            return []
        numbers = await self.selections.numbers(selection.kept.key)
        return [KeyRange(first + place, "", "", f"{_KEPT}{number}") for place, number in enumerate(numbers)]

    async def frozen_ranges(self, run: Run) -> list[KeyRange]:
        """The same once those whom filters pick are frozen: cut by them, not by the records that were looked through.

        A filter that picks few of many would leave hundreds of ranges, and batches of sending, with hardly anybody.
        """
        others = [keys for keys in run.ranges if not keys.label.startswith(_FILTER)]
        if len(others) == len(run.ranges):
            return others
        sizes = await self.selections.sizes(frozen_key(run.id))
        labels = (f"{_FROZEN}{','.join(map(str, group))}" for group in gathered(sizes, self.slice_size))
        picked = [KeyRange(0, "", "", label) for label in labels]
        return [replace(keys, number=number) for number, keys in enumerate([*others, *picked])]

    async def member_ranges(self, list_id: str, first: int) -> list[KeyRange]:
        return await cut(self.contacts.members(list_id), self.slice_size, f"{_LIST}{list_id}", first=first)

    async def picked_records(self, campaign: Campaign, keys: KeyRange) -> Mapping[str, Record | None]:
        """The picked records of a range by ref, as they are now; None for a chosen ref of which no record ever came."""
        if keys.label.startswith(_FILTER):
            return await self.selector.matching(campaign.recipients, keys)
        if keys.label.startswith(_MODULE):
            return {record.ref: record for record in await self.records.within(keys)}
        return await self._records(await self._chosen(campaign.recipients, keys))

    async def freeze(self, campaign: Campaign, part: RunSlice) -> Mapping[str, Record | None]:
        """The same, and from then on these are the picked ones of this run: records change while it goes on."""
        found = await self.picked_records(campaign, part.keys)
        if not part.keys.label.startswith(_FILTER):
            return found
        frozen = await self.selections.put(
            frozen_key(part.run_id), part.number, list(found), campaign_id=campaign.id, revision=campaign.revision
        )
        return found if list(frozen) == list(found) else await self._records(frozen)

    async def frozen(self, campaign: Campaign, part: RunSlice) -> Mapping[str, Record | None]:
        """The picked records of a range, when those that filters pick were frozen.

        Of a whole module, records that were carried over as they are come without their fields: most of what there is
        to read of them.
        """
        if part.keys.label.startswith(_MODULE):
            marked = {record.ref: record for record in await self.records.marks_within(part.keys)}
            unsettled = [ref for ref, record in marked.items() if record.carried_to is None]
            return {**marked, **(await self._records(unsettled) if unsettled else {})}
        if part.keys.label.startswith(_FROZEN):
            return await self._frozen(part.run_id, part.keys.label.removeprefix(_FROZEN).split(","))
        if part.keys.label.startswith(_FILTER):
            return await self._frozen(part.run_id, [part.number])
        return await self.picked_records(campaign, part.keys)

    async def _frozen(self, run_id: str, numbers: Iterable[int | str]) -> Mapping[str, Record | None]:
        chunks = [await self.selections.chunk(frozen_key(run_id), int(number)) for number in numbers]
        return await self._records([ref for chunk in chunks for ref in chunk])

    async def picked(self, campaign: Campaign, part: RunSlice, contacts: Iterable[Contact]) -> Picked:
        """Which of the records behind these contacts were picked."""
        behind = {source.ref for contact in contacts for source in contact.present()}
        # Of a whole module everybody has a range, or came later: whoever is chosen besides is not picked twice.
        refs = [ref for ref in behind if module_of(ref) not in campaign.recipients.modules]
        chosen = await self.selector.chosen(campaign.recipients, refs)
        if campaign.recipients.filters:
            chosen |= await self.selections.holding(frozen_key(part.run_id), refs)
        of_modules = [label for label in part.last_keys if label.startswith(_MODULE)]
        return Picked({label.removeprefix(_MODULE): part.last_keys[label] for label in of_modules}, chosen)

    async def _chosen(self, selection: Selection, keys: KeyRange) -> Sequence[str]:
        if selection.kept is None or not keys.label.startswith(_KEPT):
            return _within(chosen_refs(selection), keys)
        refs = await self.selections.chunk(selection.kept.key, int(keys.label.removeprefix(_KEPT)))
        return [ref for ref in refs if module_of(ref) not in selection.modules]

    async def _records(self, refs: Sequence[str]) -> dict[str, Record | None]:
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
    return sorted({ref for ref in selection.refs if module_of(ref) not in selection.modules})


def _within(refs: Sequence[str], keys: KeyRange) -> Sequence[str]:
    return refs[bisect_right(refs, keys.after) : bisect_right(refs, keys.through)]
