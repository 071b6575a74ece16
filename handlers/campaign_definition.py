"""Whether a campaign may be stored as it is said to be: limits, filters, lawful basis, content that compiles."""

from __future__ import annotations

from dataclasses import dataclass

from domain.campaign import Campaign, Selection
from domain.errors import InvalidDefinition
from domain.faults import Faults
from domain.filters import checked
from domain.mailer import source_of
from domain.module import Module
from domain.organisation import Organisation
from domain.readiness import lawful_basis_missing, over_limits
from domain.template import compiled
from handlers.ports.audience import Modules
from handlers.selection import Selector


@dataclass(frozen=True, slots=True)
class Definition:
    organisation: Organisation
    modules: Modules
    selector: Selector

    async def check(self, campaign: Campaign, faults: Faults) -> None:
        """Keep whatever rule it breaks among the faults."""
        await self._check_filters(campaign.recipients, faults)
        counts = await self.selector.at_most(campaign.recipients)
        problems = [f"recipients: {problem}" for problem in over_limits(counts)]
        problems += [f"lawful_basis: {problem}" for problem in lawful_basis_missing(campaign, self.organisation)]
        for problem in problems:
            with faults.kept():
                raise InvalidDefinition(f"campaign {campaign.id}: {problem}")
        if campaign.content.html or campaign.content.text:
            with faults.kept():
                compiled(source_of(campaign.content))

    async def _check_filters(self, selection: Selection, faults: Faults) -> None:
        for name, text in selection.filters.items():
            module = await self.modules.get(name)
            with faults.kept():
                _check_filter(name, text, selection, module)


def _check_filter(name: str, text: str, selection: Selection, module: Module | None) -> None:
    place = f"recipients.filters.{name}"
    if name in selection.modules:
        raise InvalidDefinition(f"{place}: all of {name} are picked; leave out the filter, or {name}")
    if module is None:
        raise InvalidDefinition(f"{place}: no module {name} is known; publish a module-described message for it")
    try:
        checked(text, module)
    except InvalidDefinition as error:
        raise InvalidDefinition(f"{place}: {error}") from error
