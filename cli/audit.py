"""`campaigns audit`: who had what changed, and when."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli import context
from cli.output import Json, out, print_json, table, tell
from domain.audit import AuditEntry, AuditQuery, Ending
from repositories.stores import Stores

_COLUMNS = ("when", "who", "via", "what", "subject", "before", "after", "outcome")
_SPARE = ("via",)

app = typer.Typer(help="Who had what changed, and when.", no_args_is_help=True)


@app.callback()
def room() -> None:
    """Who had what changed, and when."""


@app.command("list")
def list_entries(
    subject: Annotated[
        str | None, typer.Option(help="About this alone: campaign:ID, sync:ID, list:ID, contact:ID (not the address).")
    ] = None,
    who: Annotated[str | None, typer.Option(help="By this operator alone.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From then on, in UTC.")] = None,
    what: Annotated[
        str | None,
        typer.Option(help="This command, group or message alone: 'campaign pause', campaign, send-requested."),
    ] = None,
    via: Annotated[
        str | None, typer.Option(help="What came this way alone: cli, token, token:NAME, message, page.")
    ] = None,
    readers: Annotated[bool, typer.Option(help="Also what readers changed for themselves, on our pages.")] = True,
    kind: Annotated[str | None, typer.Option(help="About this kind alone: campaign, sync, list, contact, …")] = None,
    ending: Annotated[Ending | None, typer.Option("--outcome", help="Only what ended so.")] = None,
    after: Annotated[str | None, typer.Option(metavar="ENTRY", help="Go on after the entry with this id.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="So many of the newest; 0: all of them.")] = 100,
    as_json: Json = False,
) -> None:
    """List every command that changed something, whoever gave it, the newest first."""
    then = since.replace(tzinfo=since.tzinfo or UTC) if since else None
    query = AuditQuery(
        subject, who, then, limit, what=what, kind=kind, via=via, readers=readers, ending=ending, after=after
    )

    async def work(stores: Stores) -> Sequence[AuditEntry]:
        return await stores.audit.find(query)

    found = context.stored(context.settings(), work)
    if as_json:
        return print_json(found)
    if not found:
        return tell("Nothing was noted.")
    out.print(table("Audit", _COLUMNS, map(_row, found), spare=_SPARE))
    if len(found) == limit:
        tell(f"Older ones: the same with --after {shlex.quote(found[-1].id)}")


def _row(each: AuditEntry) -> tuple[object, ...]:
    # What was never told ended with its process, or has not ended yet.
    told = each.outcome or "not known"
    return (each.at, each.who, each.via, each.what, each.subject, each.before, each.after, told)
