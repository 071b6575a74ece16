"""`campaigns campaign dry-run`: what a review would say of whom, before anything is locked (X8)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli import context, lookup, views
from cli.arguments import CampaignId
from cli.output import Json, counted, csv_cells, out, print_json, tell
from cli.progress import progress
from config.settings import Settings
from domain.email import EmailState
from domain.send_duration import SendDuration, Warming, paces, send_duration
from handlers.dry_run import Decided, DryReport
from repositories.stores import Stores
from workers.options import pacing, relay_throttle
from workers.resources import now
from workers.review_requested import dry_run as dry_run_on

COLUMNS = ("address", "name", "record", "mailed", "reason", "detail")


def register(app: typer.Typer) -> None:
    app.command("dry-run")(dry_run)


def dry_run(
    campaign_id: CampaignId,
    include_existing_members: Annotated[
        bool, typer.Option("--include-existing-members", help="As for those who are on its list already, too.")
    ] = False,
    people: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", dir_okay=False, writable=True, help="Write everybody there, as CSV, with the reason."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a review would report of a draft: who gets it, who does not and why. Nothing is locked or written."""
    settings = context.settings()

    async def work(stores: Stores) -> tuple[DryReport, SendDuration]:
        draft = await lookup.campaign(stores, campaign_id)
        run = dry_run_on(stores, settings)
        with written(people) as tell_of, progress(f"dry run of {campaign_id}", total=1) as see:
            found = await run(draft, include_existing_members=include_existing_members, tell=tell_of, see=see)
        return found, await duration(stores, settings, found)

    found, takes = context.stored(settings, work)
    if as_json:
        return print_json({"report": found.report, "rejected": found.rejected, "duration": takes})
    out.print(views.report(replace(found.campaign, report=found.report)))
    tell(f"It would be rejected: {found.rejected}" if found.rejected else "It would pass the review.")
    if found.campaign.series is None:
        tell(said(takes, found.report.to_send))
    if people:
        tell(f"Everybody is in {people}. Nothing was locked or written elsewhere.")


@contextmanager
def written(file: Path | None) -> Iterator[Callable[[Sequence[Decided]], None]]:
    """Writes the people of each slice into the file, if there is one."""
    if file is None:
        yield lambda decided: None
        return
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        yield lambda decided: writer.writerows(csv_cells(_cells(each)) for each in decided)


def _cells(each: Decided) -> tuple[object, ...]:
    row = each.row
    mailed = "yes" if row.state is EmailState.PLANNED else "no"
    return (row.address, each.name, row.ref or "", mailed, row.reason or "", row.detail or "")


async def duration(stores: Stores, settings: Settings, found: DryReport) -> SendDuration:
    """How long it would take at the limits of now."""
    given, domain = pacing(settings), found.campaign.sender.domain
    warming = next((each for each in await stores.throttles.warm_ups() if each.domain == domain), None)
    return send_duration(
        found.destinations,
        paces(given, await stores.throttles.all()),
        [relay_throttle(name) for name in settings.all_relays],
        Warming(warming, domain, given.warm_up_caps),
        now(),
    )


def said(takes: SendDuration, people: int) -> str:
    """One line: how long, and what decides it."""
    who = counted(people, "person", "people")
    if takes.seconds is None:
        return f"Sending to {who}: as fast as the relay takes it, no limit is set (campaigns throttle set)."
    about = timedelta(seconds=round(takes.seconds))
    if takes.warm_up_days:
        return f"Sending to {who}: about {about}; its sending domain warms up (campaigns throttle show)."
    pace = f"{takes.per_s:,.3g} a second" if takes.per_s else ""
    return f"Sending to {who}: about {about}; {takes.bound_by} allow {pace} (campaigns throttle show)."
