"""`campaigns campaign remainder`: sends a campaign to those whom it has not reached (X2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli import context, lookup
from cli.arguments import CampaignId, Yes, addresses
from cli.login import login
from cli.output import Json, counted, out, print_json, say, table, tell
from domain.remainder import Wish
from handlers.remainder import Remainder, RemainderSender
from repositories.stores import Stores
from workers.resources import now


def register(app: typer.Typer) -> None:
    app.command()(remainder)


def remainder(
    campaign_id: CampaignId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who would get it; nothing is changed.")] = False,
    soft_bounced: Annotated[
        bool, typer.Option("--soft-bounced", help="Also those who were tried for days, or refused for now.")
    ] = False,
    even_in_doubt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            callback=lambda texts: addresses(texts or []),
            help="Also somebody in doubt, who may get it twice. Several times: several people.",
        ),
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who wants it; default: your user name.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Send it to who was not reached: failed for a fault on our side, or skipped for a reason that holds no more.

    Nobody who has it gets it again; everybody's right to be mailed is decided anew. Again: goes on where it was.
    """
    settings, named = context.settings(), even_in_doubt or []

    async def asked(stores: Stores, *, dry: bool) -> Remainder:
        sender = _sender(stores)
        wish = Wish(soft_bounced, await sender.doubts(campaign_id, named))
        return await sender(campaign_id, wish, by=by or login(), dry_run=dry)

    async def rehearsed(stores: Stores) -> Remainder:
        await lookup.campaign(stores, campaign_id)
        return await asked(stores, dry=True)

    found = context.stored(settings, rehearsed)
    if not dry_run:
        _confirm(campaign_id, found, named, yes=yes)
        found = context.stored(settings, lambda stores: asked(stores, dry=False))
    if as_json:
        return print_json(_plain(found, dry_run=dry_run))
    _show(campaign_id, found, dry_run=dry_run)


def _sender(stores: Stores) -> RemainderSender:
    return RemainderSender(
        stores.campaigns, stores.contacts, stores.suppressions, stores.emails, stores.slices, now
    )  # fmt: skip


def _confirm(campaign_id: str, found: Remainder, named: Sequence[str], *, yes: bool) -> None:
    people = counted(sum(found.reached.values()), "person", "people")
    twice = f", {len(named):,} of whom may get it twice" if named else ""
    if not context.confirmed(f"Send {campaign_id} to {people} more{twice}?", yes=yes):
        say("Nothing was changed; --yes confirms.")
        raise typer.Exit(1)


def _plain(found: Remainder, *, dry_run: bool) -> dict[str, Any]:
    stay = [{"people": count, "stands": name, "why": why} for (name, why), count in sorted(found.stay.items())]
    return {"dry_run": dry_run, "reached": found.reached, "stay": stay, "waiting": found.waiting}


def _show(campaign_id: str, found: Remainder, *, dry_run: bool) -> None:
    if found.reached:
        title = "Would get it" if dry_run else "Will get it"
        out.print(table(title, ("stood as", "people"), sorted(found.reached.items())))
    if found.stay:
        rows = [(name, why, count) for (name, why), count in sorted(found.stay.items())]
        out.print(table("Stay as they are", ("stand as", "why", "people"), rows))
    if dry_run:
        return tell("Nothing was changed.")
    if not found.waiting:
        return tell(f"Nobody of {campaign_id} is left to be sent to.")
    tell(f"The scheduler sends them within seconds: `campaigns campaign show {campaign_id}` tells how far it is.")
