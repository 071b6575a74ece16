"""How many people a campaign's selection picks, said as soon as it is set (R45-R47)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import RenderableType
from rich.text import Text

from cli import views
from cli.output import out, plain, print_json, table
from config.settings import Settings
from domain.campaign import MAX_IN_ALL, MAX_PER_MODULE, Campaign, Selection
from domain.readiness import Facts
from handlers.selection import Selector
from repositories.stores import Stores
from workers.review_requested import review_start


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft that was just changed."""

    campaign: Campaign
    picked: Mapping[str, int]  #: by module, as the records are now
    facts: Facts


async def looked_at(stores: Stores, settings: Settings, campaign: Campaign) -> Draft:
    """The draft with whom it picks; reads every record of a module that has a filter."""
    counts = await Selector(stores.records, stores.selections).counts(campaign.recipients)
    return Draft(campaign, counts, await review_start(stores, settings).facts(campaign))


def show(draft: Draft, *, as_json: bool) -> None:
    """What a command that changed a draft prints: whom it picks, and What's Next."""
    if as_json:
        return print_json({**plain(draft.campaign), "picked": draft.picked})
    steps = views.steps(draft.campaign, draft.facts)
    return out.print(*_picked(draft.campaign.recipients, draft.picked), steps, sep="\n")


def _picked(selection: Selection, counts: Mapping[str, int]) -> list[RenderableType]:
    if not counts:
        return []
    rows = [(module, _how(selection, module), count) for module, count in counts.items()]
    limits = f"At most {MAX_PER_MODULE:,} of a module and {MAX_IN_ALL:,} in all; members of its list come on top."
    return [table("Recipients", ("module", "picked", "records"), rows), Text(limits, style="dim")]


def _how(selection: Selection, module: str) -> str:
    if module in selection.modules:
        return "all of them"
    chosen = selection.chosen.get(module, 0)
    fitting = [f"those where {selection.filters[module]}"] if module in selection.filters else []
    return ", and ".join([*([f"{chosen:,} chosen"] if chosen else []), *fitting])
