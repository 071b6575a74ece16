"""`campaigns audit`: who had what changed, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli import context
from cli.output import Json, out, print_json, table, tell
from domain.audit import AuditEntry, AuditQuery
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
    limit: Annotated[int, typer.Option(min=0, help="So many of the newest; 0: all of them.")] = 100,
    as_json: Json = False,
) -> None:
    """List every command that changed something, whoever gave it, the newest first."""
    query = AuditQuery(subject, who, since.replace(tzinfo=since.tzinfo or UTC) if since else None, limit)

    async def work(stores: Stores) -> Sequence[AuditEntry]:
        return await stores.audit.find(query)

    found = context.stored(context.settings(), work)
    if as_json:
        return print_json(found)
    if not found:
        return tell("Nothing was noted.")
    out.print(table("Audit", _COLUMNS, map(_row, found), spare=_SPARE))


def _row(each: AuditEntry) -> tuple[object, ...]:
    # What was never told ended with its process, or has not ended yet.
    told = each.outcome or "not known"
    return (each.at, each.who, each.via, each.what, each.subject, each.before, each.after, told)
