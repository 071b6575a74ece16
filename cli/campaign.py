"""`campaigns campaign`: from a draft to its summary."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from cli import (
    campaign_activity,
    campaign_documents,
    campaign_drafts,
    campaign_moves,
    campaign_preview,
    campaign_remainder,
    campaign_requests,
    campaign_schedule,
    campaign_summary,
    campaign_tests,
    context,
    dry_run,
    lookup,
    report_command,
    review_view,
    take_up,
    views,
)
from cli.campaign_following import reviewing
from cli.offline import is_hidden, note
from cli.output import Json, out, print_json, tell
from cli.standing import Standing, notes, standing
from config.settings import Settings
from domain.campaign import Campaign
from domain.readiness import Facts
from domain.review_progress import ReviewProgress
from domain.whats_next import whats_next
from repositories.stores import Stores
from workers.review_requested import review_start

app = typer.Typer(help="Campaigns: create, review, test, send, follow.", no_args_is_help=True)
campaign_drafts.register(app)
campaign_documents.register(app)


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

    async def work(stores: Stores) -> tuple[Campaign, Standing, ReviewProgress | None, Facts]:
        found = await lookup.campaign(stores, campaign_id)
        facts = await review_start(stores, settings).facts(found)
        return found, await standing(stores, settings, found), await reviewing(stores, found), facts

    found, now, under_way, facts = context.stored(settings, work)
    if as_json:
        steps = whats_next(found, facts)
        return print_json({"campaign": found, "standing": now, "review": under_way, "whats_next": steps})
    told = review_view.line(found.id, under_way) if under_way else views.report(found)
    if is_hidden(found):
        told = Text(note(found))
    out.print(views.details(found), told, *notes(found, now), views.steps(found, facts), sep="\n")


def _show_all(settings: Settings, *, as_json: bool) -> None:
    rows = context.stored(settings, campaign_summary.all_of_them)
    if as_json:
        return print_json([views.brief(one, numbers) for one, numbers in rows])
    if not rows:
        return tell("There is no campaign yet: `campaigns campaign create --help` says how to make one.")
    out.print(views.overview(rows))


campaign_preview.register(app)
campaign_requests.register(app)
campaign_schedule.register(app)
dry_run.register(app)
campaign_tests.register(app)
campaign_moves.register(app)
campaign_remainder.register(app)
take_up.register(app)
campaign_summary.register(app)
campaign_activity.register(app)
report_command.register(app)
