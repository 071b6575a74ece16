"""`campaigns campaign activity`: the people behind the numbers (R79, R88-R92)."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from cli import context, lookup
from cli.arguments import CampaignId
from cli.files import STDIN
from cli.offline import Kept, is_hidden, note
from cli.output import Json, counted, csv_cells, out, plain, say, table, tell
from domain.activity import Wanted, service_status
from domain.campaign import Campaign
from domain.email import Email, Mark, ServiceStatus
from domain.errors import NotReady
from domain.member_status import member_status
from domain.member_statuses import member_statuses
from domain.response import response
from domain.summary import NUMBERS
from repositories.stores import Stores

_TIMES = (*(each for each in ServiceStatus if each is not ServiceStatus.NONE), *Mark)
COLUMNS = ("address", "record", "member status", "service status", "reason", "since", "sent", *map(str, _TIMES))
_SHOWN = 7  #: columns that a terminal has room for

Row = Mapping[str, Any]


def _number(text: str | None) -> str | None:
    """
    Raises:
        typer.BadParameter: no number of the summary is called so.
    """
    name = text.strip().lower().replace(" ", "_").replace("-", "_") if text else None
    if name is not None and name not in NUMBERS:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(NUMBERS)}")
    return name


def _numbers(texts: list[str] | None) -> list[str]:
    return [name for text in texts or [] if (name := _number(text))]


def register(app: typer.Typer) -> None:
    app.command()(activity)


def activity(
    campaign_id: CampaignId,
    kpi: Annotated[
        str | None, typer.Option(callback=_number, help="A number of the summary, such as clicked or hard_bounced.")
    ] = None,
    module: Annotated[list[str] | None, typer.Option(help="Only people from this module; may be repeated.")] = None,
    statuses: Annotated[
        list[str] | None, typer.Option("--member-status", help="Such as Responded; may be repeated: any of them.")
    ] = None,
    services: Annotated[
        list[str] | None,
        typer.Option("--service-status", callback=_numbers, help="As --kpi; may be repeated: any of them."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0: all. A CSV file has all of them.")] = 100,
    to_csv: Annotated[Path | None, typer.Option("--csv", help="Write all of them to this file; - is stdout.")] = None,
    kept: Kept = False,
    as_json: Json = False,
) -> None:
    """List the people behind a number, or with a status: who opened, who bounced, who never clicked."""
    if to_csv and as_json:
        raise typer.BadParameter("either --csv or --json")
    wanted = Wanted(kpi, frozenset(services or ()), frozenset(statuses or ()), frozenset(module or ()))

    settings = context.settings()

    async def work(stores: Stores) -> None:
        found = await lookup.campaign(stores, campaign_id)
        if is_hidden(found, kept=kept):
            raise NotReady(note(found))
        _known(wanted.statuses, {*member_statuses(settings.organisation.member_statuses), found.member_status})
        most = 0 if to_csv else limit
        rows = stores.emails.people(campaign_id, wanted, chosen=found.member_status, limit=most)
        if to_csv:
            return await _write(to_csv, found, rows)
        if as_json:
            return await _print_json(found, rows)
        return await _print(found, rows, limit)

    context.stored(settings, work)


def as_row(row: Email, chosen: str) -> Row:
    """One person of a campaign and what became of the email."""
    found = response(row)
    return {
        "address": row.address,
        "record": row.ref,
        "member status": member_status(found, chosen),
        "service status": service_status(found),
        "reason": row.reason,
        "since": row.state_at,
        "sent": row.first_tried_at,
        **{str(name): row.times.get(name) for name in _TIMES},
    }


def _known(statuses: frozenset[str], there: Collection[str]) -> None:
    """
    Raises:
        typer.BadParameter: nobody can have one of these.
    """
    if strange := sorted(statuses - set(there)):
        raise typer.BadParameter(f"{strange[0]!r}: there are {', '.join(sorted(there))}", param_hint="--member-status")


async def _print(campaign: Campaign, rows: AsyncIterator[Email], limit: int) -> None:
    found = [as_row(row, campaign.member_status) async for row in rows]
    if not found:
        return tell("Nobody.")
    lines = [tuple(row[name] for name in COLUMNS[:_SHOWN]) for row in found]
    out.print(table(f"People of {campaign.id}", COLUMNS[:_SHOWN], lines, spare=("since", "sent")))
    more = "; there may be more: --limit 0 lists all, --csv FILE writes them" if len(found) == limit else ""
    return tell(f"{counted(len(found), 'person', 'people')}{more}. One of them: campaigns contact show ADDRESS")


async def _print_json(campaign: Campaign, rows: AsyncIterator[Email]) -> None:
    """An array, a line for each person; written as they come, however many."""
    first = True
    async for row in rows:
        line = json.dumps(plain(as_row(row, campaign.member_status)), ensure_ascii=False)
        sys.stdout.write(f"{'[' if first else ','}\n{line}")
        first = False
    sys.stdout.write("[]\n" if first else "\n]\n")


async def _write(path: Path, campaign: Campaign, rows: AsyncIterator[Email]) -> None:
    count = 0
    with _opened(path) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        async for row in rows:
            writer.writerow(csv_cells(as_row(row, campaign.member_status).values()))
            count += 1
    say(f"{counted(count, 'person', 'people')} written{'' if path == STDIN else f' to {path}'}.")


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if path == STDIN:
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        yield file
