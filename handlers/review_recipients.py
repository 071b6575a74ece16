"""First phase of a review: the records picked become contacts on the campaign's list (R57)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.campaign import Campaign
from domain.module import Module
from domain.passage import Carried
from domain.projection import Rule, rule_of
from domain.record import Record
from domain.slices import RunSlice
from domain.sync import Sync
from handlers.carry_over import CarryOver
from handlers.ports.syncing import Syncs
from handlers.review_people import People


@dataclass(frozen=True, slots=True)
class RecipientsPhase:
    """Carries one range of records over. Told twice, it changes nothing."""

    people: People
    syncs: Syncs
    carry_over: CarryOver

    async def __call__(self, campaign: Campaign, part: RunSlice) -> Mapping[str, int]:
        """What came of the range, as counts for whoever follows the review."""
        found = await self.people.freeze(campaign, part)
        carried = await self.carry(campaign, [record for record in found.values() if record is not None])
        changes = Counter(f"recipients.{one.change}" for one in carried.values() if one.contact_id)
        return {"recipients.total": len(found), **changes}

    async def carry(self, campaign: Campaign, records: Sequence[Record]) -> Mapping[str, Carried]:
        """What came of these records, by ref: contacts on the campaign's list, where they may be."""
        modules = await self.people.modules_of({record.ref: record for record in records})
        return await self.carry_over(records, await self._rules(campaign, modules), modules)

    async def _rules(self, campaign: Campaign, modules: Mapping[str, Module]) -> dict[str, list[Rule]]:
        """A module's syncs first, as for any changed record; the campaign only adds its list."""
        syncs = await self.syncs.active(list(modules)) if modules else []
        own = {name: [sync for sync in syncs if sync.module == name] for name in modules}
        return {
            name: [*map(rule_of, own[name]), campaign_rule(campaign, module, own[name])]
            for name, module in modules.items()
        }


def campaign_rule(campaign: Campaign, module: Module, syncs: Sequence[Sync]) -> Rule:
    """How a campaign carries records over: onto its list; the values are the syncs' business where there are any."""
    return Rule(
        key=campaign.source,
        field_map={} if syncs else module.default_map,
        lists=(campaign.list_id,) if campaign.list_id else (),
    )
