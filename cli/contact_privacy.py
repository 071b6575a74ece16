"""`campaigns contact erase` and `contact export`: to be forgotten, and to be told (GDPR, Art. 15-20)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import context
from cli.arguments import Yes, a_ref, an_address
from cli.login import login
from cli.output import Json, counted, out, plain, print_json, say, table, tell
from domain.erasure import Erasure
from domain.errors import NotReady
from handlers.person_export import PersonExport
from messages.erasure_requested import ErasureRequested
from repositories.stores import Stores
from repositories.traces import traces
from workers.erasure_requested import eraser, whereabouts
from workers.options import address_key
from workers.resources import now

Who = Annotated[str | None, typer.Argument(metavar="[ADDRESS]", callback=an_address, help="The person's address.")]
Record = Annotated[
    str | None, typer.Option(metavar="MODULE:ID", callback=a_ref, help="The person's CRM record, also without address.")
]


def register(app: typer.Typer) -> None:
    app.command("erase")(erase)
    app.command("export")(export)


def erase(
    address: Who = None,
    record: Record = None,
    because: Annotated[str, typer.Option(help="A ticket number or a date; no name: it is kept.")] = "",
    by: Annotated[str | None, typer.Option(help="Who gives the command; default: who is logged in.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be erased.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Erase all that is kept of a person, for good; a keyed hash stays, so that they are never mailed again."""
    if address is None and record is None:
        raise typer.BadParameter("name whom to erase: ADDRESS, or --record MODULE:ID")
    asked = ErasureRequested(
        request_id="", address=address, record=record, reason=because, confirmed_by=by or login(), asked_at=now()
    )
    settings = context.settings()
    if dry_run:
        return _show(context.stored(settings, lambda stores: eraser(settings, stores).survey(asked)), as_json=as_json)
    if not context.confirmed("Erase this person for good? Nothing brings the data back.", yes=yes):
        raise NotReady("nobody confirmed, so nothing was erased; --yes does, --dry-run only tells")
    receipt = context.stored(settings, lambda stores: eraser(settings, stores).erase(asked, source="cli"))
    if as_json:
        return print_json(receipt.receipt())
    _tell(receipt)


def export(
    address: Who = None,
    record: Record = None,
    file: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there, for you alone.")] = None,
    as_json: Json = False,
) -> None:
    """Print all that is kept of a person, as the person may have it: JSON, with and without --json."""
    if address is None and record is None:
        raise typer.BadParameter("name whose data: ADDRESS, or --record MODULE:ID")
    settings = context.settings()

    async def work(stores: Stores) -> Mapping[str, Any]:
        found = PersonExport(whereabouts(settings, stores), traces(stores.database, address_key(settings)), now)
        return await found(address, record)

    told = _readable(context.stored(settings, work))
    if file is None:
        return print_json(told)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as written:
        written.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    say(f"Written to {file}. It is as private as the person: delete it when it is delivered.")


def _show(found: Mapping[str, int], *, as_json: bool) -> None:
    there = {name: count for name, count in found.items() if count}
    if as_json:
        return print_json({"would_erase": there})
    out.print(table("Would be erased", ("collection", "documents"), sorted(there.items())))


def _tell(receipt: Erasure) -> None:
    out.print(table("Erased", ("collection", "documents"), sorted(receipt.counts.items())))
    tell(f"Hash that stays: {receipt.id}. Records: {counted(len(receipt.records), 'stand-in')}.")
    if receipt.under_way:
        mails = counted(receipt.under_way, "mail")
        tell(f"{mails} may still go out: a batch was begun before, and goes on slowly. Its outcome is counted by hash.")
    if receipt.again_at:
        tell(f"Worker retention looks once more for what was under way, after {receipt.again_at:%Y-%m-%d %H:%M} UTC.")
    tell(
        "Not reached from here: the CRM, files that you exported or imported, backups, mails in the readers' mailboxes."
        " The receipt is in `campaigns audit list`."
    )


def _readable(value: object) -> Any:
    """What MongoDB holds as JSON has it."""
    if isinstance(value, Mapping):
        return {str(name): _readable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(each) for each in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return plain(value) if isinstance(value, datetime | str | int | float | None) else str(value)
