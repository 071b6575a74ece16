"""`campaigns series`: autoresponders, from their document to their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from cli import context, lookup, series_documents, series_figures, series_moves, series_views
from cli.arguments import SeriesId
from cli.output import Json, out, print_json, tell
from config.settings import Settings
from domain.campaign import Campaign
from domain.errors import NotReady
from domain.series import Series, SeriesCounts, SeriesStatus
from domain.series_hints import hints
from domain.series_next import series_next
from domain.whats_next import Step
from repositories.stores import Stores
from workers.options import organisation
from workers.series_saved import children
from workers.series_saved import series_moves as moves_of

app = typer.Typer(
    help="Autoresponders: messages that people get one by one, each in their own time.", no_args_is_help=True
)
series_documents.register(app)


@dataclass(frozen=True, slots=True)
class Shown:
    """All that `show` tells of a series."""

    series: Series
    children: dict[str, Campaign]
    taken_out: dict[str, Campaign]  #: by key: the messages that it had
    counts: SeriesCounts
    steps: list[Step]
    hints: list[str]  #: triggers that nobody can set off


@app.command()
def show(series_id: SeriesId, as_json: Json = False) -> None:
    """Show one series: its messages, who is on the way, and What's Next."""
    settings = context.settings()
    found = context.stored(settings, lambda stores: shown(stores, settings, series_id))
    if as_json:
        campaigns, taken_out = _told(found.children), _told(found.taken_out)
        told = {"series": found.series, "campaigns": campaigns, "taken_out": taken_out}
        return print_json({**told, "counts": found.counts, "whats_next": found.steps, "hints": found.hints})
    out.print(
        series_views.details(found.series),
        series_views.messages(found.series, found.children, found.counts, found.taken_out),
        *series_views.people(found.counts),
        series_views.steps(found.series, found.steps),
        sep="\n",
    )
    series_views.tell_hints(found.hints)


@app.command("list")
def list_(
    status: Annotated[SeriesStatus | None, typer.Option(help="Only those with this status.")] = None,
    as_json: Json = False,
) -> None:
    """List all series in a line each."""

    async def work(stores: Stores) -> list[tuple[Series, SeriesCounts]]:
        wanted = [one for one in await stores.series.all() if status in {None, one.status}]
        return [(one, await stores.series_entries.counts(one.id)) for one in wanted]

    rows = context.stored(context.settings(), work)
    if as_json:
        return print_json([{"series": one, "counts": counts} for one, counts in rows])
    if not rows:
        return tell("There is no series like that: `campaigns series apply FILE` makes one (docs/autoresponders.md).")
    return out.print(series_views.overview(rows))


async def shown(stores: Stores, settings: Settings, series_id: str) -> Shown:
    series = await lookup.series(stores, series_id)
    campaigns = dict(await children(stores).of(series))
    return Shown(
        series=series,
        children=campaigns,
        taken_out=await _taken_out(stores, series),
        counts=await stores.series_entries.counts(series_id),
        steps=series_next(series, campaigns, await _lacks(stores, settings, series)),
        hints=list(hints(series, campaigns, organisation(settings).tracking)),
    )


async def _taken_out(stores: Stores, series: Series) -> dict[str, Campaign]:
    found = {key: await stores.campaigns.get(id_) for key, id_ in series.campaigns_taken_out.items()}
    return {key: each for key, each in found.items() if each is not None}


def _told(campaigns: Mapping[str, Campaign]) -> dict[str, object]:
    return {
        key: {"id": each.id, "status": each.status, "status_reason": each.status_reason}
        for key, each in campaigns.items()
    }


async def _lacks(stores: Stores, settings: Settings, series: Series) -> list[str]:
    """What keeps a draft from being started, each with what to type."""
    if series.status is not SeriesStatus.DRAFT:
        return []
    try:
        await moves_of(stores, settings).check(series)
    except NotReady as error:
        return [line.strip() for line in str(error).splitlines()[1:]]
    return []


series_moves.register(app)
series_figures.register(app)
