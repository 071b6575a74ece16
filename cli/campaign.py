"""`campaigns campaign`: from a draft to its summary."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import campaign_drafts, campaign_moves, campaign_requests, context, lookup, views
from cli.arguments import CampaignId
from cli.output import Json, out, print_json, tell
from cli.standing import Standing, notes, standing
from config.settings import Settings
from domain.books import Books, Summary
from domain.campaign import Campaign
from domain.whats_next import whats_next
from repositories.stores import Stores

app = typer.Typer(help="Campaigns: create, review, test, send, follow.", no_args_is_help=True)
campaign_drafts.register(app)


@app.command()
def show(
    campaign_id: Annotated[
        str | None, typer.Argument(metavar="[CAMPAIGN]", help="Id of one campaign; without it, all of them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show all campaigns in a line each, or one with its details, report and What's Next."""
    settings = context.settings()
    if campaign_id is None:
        return _show_all(settings, as_json=as_json)

    async def work(stores: Stores) -> tuple[Campaign, Standing]:
        found = await lookup.campaign(stores, campaign_id)
        return found, await standing(stores, settings, found)

    found, now = context.stored(settings, work)
    if as_json:
        return print_json({"campaign": found, "standing": now, "whats_next": whats_next(found)})
    out.print(views.details(found), views.report(found), *notes(found, now), views.steps(found), sep="\n")


def _show_all(settings: Settings, *, as_json: bool) -> None:
    rows = context.stored(settings, quick_view)
    if as_json:
        return print_json([views.brief(one, numbers) for one, numbers in rows])
    if not rows:
        return tell("There is no campaign yet: `campaigns campaign create --help` says how to make one.")
    out.print(views.overview(rows))


async def quick_view(stores: Stores) -> list[tuple[Campaign, Summary]]:
    """Every campaign with its numbers (R82)."""
    campaigns = await stores.campaigns.all()
    numbers = await stores.emails.summaries([one.id for one in campaigns])
    return [(one, numbers.get(one.id, Summary())) for one in campaigns]


campaign_requests.register(app)
campaign_moves.register(app)


@app.command()
def summary(campaign_id: CampaignId, as_json: Json = False) -> None:
    """Show what came back, and the books: every selected person on exactly one line."""

    settings = context.settings()

    async def work(stores: Stores) -> tuple[Campaign, Summary, Books, Standing]:
        found = await lookup.campaign(stores, campaign_id)
        numbers, books = await stores.emails.summary(campaign_id), await lookup.books(stores, found)
        return found, numbers, books, await standing(stores, settings, found)

    found, numbers, books, now = context.stored(settings, work)
    if as_json:
        shown = {"campaign": campaign_id, "status": found.status, "summary": numbers, "books": books}
        return print_json({**shown, "status_reason": found.status_reason, "standing": now})
    out.print(views.summary(found, numbers), views.books(books), *notes(found, now), sep="\n")
