"""`campaigns campaign report`: one page for whoever wants to know how a campaign went."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import anonymous_visits, context, lookup
from cli.arguments import CampaignId
from cli.offline import Kept, is_hidden, note
from cli.output import Json, print_json, say
from cli.report_page import Told, page
from config.settings import Settings
from domain.errors import NotReady
from domain.figures import Figures
from repositories.stores import Stores
from workers.resources import now


def register(app: typer.Typer) -> None:
    app.command()(report)


def report(
    campaign_id: CampaignId,
    html: Annotated[Path | None, typer.Option("--html", help="Write the page to this file.")] = None,
    kept: Kept = False,
    as_json: Json = False,
) -> None:
    """Write a report that can be opened in any browser, printed and forwarded; it names no recipient."""
    if html is None and not as_json:
        raise typer.BadParameter("--html FILE says where the page goes; --json prints its figures")
    settings = context.settings()
    told = context.stored(settings, lambda stores: told_of(stores, settings, campaign_id))
    if is_hidden(told.campaign, kept=kept):
        raise NotReady(note(told.campaign))
    if html is not None:
        html.write_text(page(told), encoding="utf-8")
        say(f"Written to {html}: one file that loads nothing; open it in a browser.")
    if as_json:
        print_json(figures_of(told))


def figures_of(told: Told) -> dict[str, object]:
    """The figures of a report, for programs."""
    counted = anonymous_visits.figures(told.campaign, told.counted)
    return {"summary": told.summary, "books": told.books, "counted_without_names": counted, **_plain(told.figures)}


async def told_of(stores: Stores, settings: Settings, campaign_id: str) -> Told:
    """All that a report says of a campaign."""
    found = await lookup.campaign(stores, campaign_id)
    summary, books = await stores.emails.summary(campaign_id), await lookup.books(stores, found)
    figures = await stores.figures.of(campaign_id)
    counted = await stores.anonymous_visits.of(campaign_id)
    return Told(found, summary, books, figures, settings.organisation.name, now(), counted)


def _plain(figures: Figures) -> dict[str, object]:
    return {
        "step": figures.step,
        "over_time": [{"at": at, **counts} for at, counts in figures.over_time.items()],
        "links": figures.links,
        "not_arrived": [
            {"counted": end, "reason": reason, "people": people} for (end, reason), people in figures.reasons.items()
        ],
        "providers": figures.providers,
    }
