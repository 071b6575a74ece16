"""`campaigns series summary` and `entry`: the numbers of a series, and where one person is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated

import typer

from cli import context, lookup, series_views
from cli.arguments import SeriesId, an_address, person
from cli.campaign_summary import LINES
from cli.offline import Kept
from cli.output import Json, out, print_json, table, tell
from config.settings import Settings
from domain.contact import contact_id
from domain.errors import NotReady
from domain.series import Entry, Series, SeriesCounts, SeriesStatus
from domain.series_figures import SeriesFigures
from domain.series_outlook import Ahead
from handlers.series_outlook import Outlooks
from repositories.stores import Stores
from workers.options import address_key, organisation
from workers.resources import now
from workers.series_saved import children

_MOST_COLUMNS = 6  #: messages that a terminal has room for beside each other


@dataclass(frozen=True, slots=True)
class Way:
    """Somebody's way through a series."""

    entry: Entry
    series: Series | None
    messages: Sequence[Ahead] = ()  #: how each stands for them


def register(app: typer.Typer) -> None:
    app.command()(summary)
    app.command()(entry)


def summary(series_id: SeriesId, kept: Kept = False, as_json: Json = False) -> None:
    """Show what came back: of each message, the sum of all messages, and how many distinct people that is.

    Messages that were taken out of the series count for what they sent.
    """

    async def work(stores: Stores) -> tuple[Series, SeriesFigures, SeriesCounts]:
        found = await lookup.series(stores, series_id)
        if found.status is SeriesStatus.OFFLINE and not kept:
            raise NotReady(
                f"series {series_id} is offline ({found.status_reason}): what came back is no longer shown on it "
                "(R97); --kept shows what was recorded here until then"
            )
        figures = await stores.series_figures.of(list(_columns(found).values()))
        return found, figures, await stores.series_entries.counts(series_id)

    found, figures, counts = context.stored(context.settings(), work)
    if as_json:
        numbers = {"messages": figures.messages, "sum_of_messages": figures.emails, "distinct_people": figures.people}
        taken_out = found.campaigns_taken_out
        return print_json(
            {"series": series_id, "status": found.status, **numbers, "taken_out": taken_out, "entries": counts}
        )
    out.print(_numbers(found, figures), *series_views.people(counts), sep="\n")
    return tell(
        "Sum of messages: who opened three of them counts three times. Distinct people: once, whatever happened in "
        "whichever message.\nOne message: campaigns campaign summary CAMPAIGN, campaigns campaign activity CAMPAIGN"
    )


def entry(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", callback=an_address, help="Somebody's email address.")],
    series_id: Annotated[str | None, typer.Option("--series", help="Only of this series.")] = None,
    as_json: Json = False,
) -> None:
    """Show where one person is in every series: what was planned, what comes next and when, why it ended."""
    settings = context.settings()
    id_ = contact_id(person(address).identity, address_key(settings))

    async def work(stores: Stores) -> list[Way]:
        if series_id is not None:
            await lookup.series(stores, series_id)
        found = [each for each in await stores.series_entries.of_contact(id_) if series_id in {None, each.series_id}]
        return [await _way(stores, settings, each) for each in found]

    found = context.stored(settings, work)
    if as_json:
        return print_json([{**_fields(each.entry), "messages": each.messages} for each in found])
    if not found:
        return tell("Nobody with this address entered a series; those who join its list do, from its start on.")
    parts = series_views.entries([each.entry for each in found])
    parts += [series_views.ahead(each.entry, each.messages, each.series) for each in found if each.series]
    return out.print(*parts, sep="\n")


async def _way(stores: Stores, settings: Settings, entry: Entry) -> Way:
    series = await stores.series.get(entry.series_id)
    if series is None:
        return Way(entry, None)
    outlooks = Outlooks(stores.emails, stores.contacts, now, organisation(settings).time_zone)
    return Way(entry, series, await outlooks.of(series, entry, await children(stores).of(series)))


def _fields(entry: Entry) -> dict[str, object]:
    return {each.name: getattr(entry, each.name) for each in fields(entry)}


def _numbers(series: Series, figures: SeriesFigures) -> object:
    every = _columns(series)
    messages = every if len(every) <= _MOST_COLUMNS else {}
    columns = ("response", *messages, "sum of messages", "distinct people")
    rows = [
        (
            name,
            *(getattr(figures.messages[id_], field) for id_ in messages.values()),
            getattr(figures.emails, field),
            getattr(figures.people, field),
        )
        for field, name, _ in LINES
        if getattr(figures.emails, field) or field in {"sent", "delivered", "opened", "clicked"}
    ]
    return table(f"Summary of {series.id}: {series.name}", columns, rows)


def _columns(series: Series) -> dict[str, str]:
    """The campaigns of all messages that it ever had, by what heads their numbers."""
    gone = {f"{key} (taken out)": id_ for key, id_ in series.campaigns_taken_out.items()}
    return {step.key: step.campaign_id for step in series.steps} | gone
