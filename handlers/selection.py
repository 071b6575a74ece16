"""Who is picked for a campaign: whole modules, by filter, one by one (R45-R47)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.campaign import Campaign, Selection
from domain.filters import read, selected
from domain.readiness import over_limits
from domain.record import Record
from domain.selections import CHUNK, MOST_INLINE, Tally, key_of, module_of
from domain.slices import KeyRange
from handlers.key_ranges import cut
from handlers.ports.audience import Records
from handlers.ports.campaigns import Selections


@dataclass(frozen=True, slots=True)
class Selector:
    records: Records
    selections: Selections

    async def ranges(self, module: str, size: int, label: str, first: int = 0) -> list[KeyRange]:
        """All records of a module, deleted ones too, `size` at a time."""
        return await cut(self.records.keys(module), size, label, first=first, after=f"{module}:")

    async def matching(self, selection: Selection, keys: KeyRange) -> dict[str, Record]:
        """Records of a range that their module's filter picks, by ref; without those that are chosen one by one."""
        wanted = read(selection.filters[module_of(keys.through)])
        picks, hint = selected(wanted), wanted.hint
        records = await (self.records.sifted(keys, hint) if hint else self.records.within(keys))
        found = {record.ref: record for record in records if picks(record)}
        chosen = await self.chosen(selection, found)
        return {ref: record for ref, record in found.items() if ref not in chosen}

    async def chosen(self, selection: Selection, refs: Collection[str]) -> frozenset[str]:
        """Those of these refs that are chosen one by one."""
        inline = frozenset(refs).intersection(selection.refs)
        if selection.kept is None:
            return inline
        return inline | await self.selections.holding(selection.kept.key, refs)

    async def counts(self, selection: Selection) -> Mapping[str, int]:
        """How many are picked by module; reads every record of a module that has a filter."""
        return await self._with(selection, await self._matches(selection))

    async def at_most(self, selection: Selection) -> Mapping[str, int]:
        """The same without looking through the filters, unless their whole modules would be too many (R46)."""
        bounds = await self._with(selection, {name: await self.records.count(name) for name in selection.filters})
        if not over_limits(bounds) or not selection.filters:
            return bounds
        return await self.counts(selection)

    async def _with(self, selection: Selection, filtered: Mapping[str, int]) -> Mapping[str, int]:
        chosen = selection.chosen
        whole = {module: await self.records.count(module) for module in selection.modules}
        # Who is chosen out of a whole module is one of it, or will be: their records may be on their way here.
        return {
            name: max(whole[name], chosen.get(name, 0))
            if name in whole
            else chosen.get(name, 0) + filtered.get(name, 0)
            for name in selection.names
        }

    async def _matches(self, selection: Selection) -> dict[str, int]:
        found = dict.fromkeys(selection.filters, 0)
        for module in found:
            for keys in await self.ranges(module, CHUNK, module):
                found[module] += len(await self.matching(selection, keys))
        return found

    async def kept(self, campaign: Campaign, *, revision: int) -> Campaign:
        """The campaign with its refs apart where they are too many to stand in it; `revision` is the stored one's."""
        refs = campaign.recipients.refs
        if len(refs) <= MOST_INLINE:
            return campaign
        tally, ordered = Tally().after(refs), sorted(refs)
        key = key_of(campaign.id, revision, tally.digest)
        for number, first in enumerate(range(0, len(refs), CHUNK)):
            chunk = ordered[first : first + CHUNK]
            await self.selections.put(key, number, chunk, campaign_id=campaign.id, revision=revision)
        return replace(campaign, recipients=replace(campaign.recipients, refs=(), kept=tally.kept(key)))

    async def forget_stale(self, saved: Campaign) -> None:
        """Remove what a campaign that was just saved no longer names, and what others wrote in vain."""
        kept = saved.recipients.kept
        await self.selections.forget(saved.id, before=saved.revision, keep=kept.key if kept else "")

    async def kept_chunks(self, selection: Selection) -> AsyncIterator[Sequence[str]]:
        """Those that are kept apart, a chunk at a time."""
        if selection.kept is None:
            return
        for number in await self.selections.numbers(selection.kept.key):
            yield await self.selections.chunk(selection.kept.key, number)

    async def refs(self, selection: Selection) -> tuple[str, ...]:
        """All that are chosen one by one; many, where they are kept apart."""
        apart = [ref async for chunk in self.kept_chunks(selection) for ref in chunk]
        return (*selection.refs, *sorted(apart))
