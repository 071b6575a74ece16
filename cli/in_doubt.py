"""`campaigns in-doubt`: who may have a campaign's mail or not, and saying what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import audit_trail, context, lookup
from cli.arguments import CampaignId, Yes, addresses
from cli.login import login
from cli.output import Csv, Json, counted, out, print_csv, print_json, say, table, tell
from domain.email import DoubtReason, Email, EmailState
from domain.errors import UnknownEmail
from handlers.abandoned import HELD_BY
from handlers.in_doubt import Verdict, settle_by_hand
from repositories.stores import Stores
from workers.resources import now

_WHY = {
    DoubtReason.WORKER_DIED: "its worker was killed or cut off",
    DoubtReason.REPLY_LOST: "the relay's answer was lost",
}
_COLUMNS = ("address", "since", "why", "batch", "worker", "Message-ID", "sent once more")
_SPARE = ("worker", "sent once more")


class _ListByDefault(TyperGroup):
    """`in-doubt CAMPAIGN` is `in-doubt list CAMPAIGN`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["list", *args])


app = typer.Typer(
    help="Emails of which nobody knows whether they went out: `campaigns in-doubt CAMPAIGN` lists them.",
    no_args_is_help=True,
    cls=_ListByDefault,
)


@dataclass(frozen=True, slots=True)
class Doubt:
    address: str
    since: datetime | None
    why: str
    batch: int
    worker: str | None  #: who held the batch last
    message_id: str
    resent_at: datetime | None


@app.command("list")
def list_doubts(campaign_id: CampaignId, as_json: Json = False, as_csv: Csv = False) -> None:
    """List who is in doubt, since when and why; look the Message-IDs up in the relay's log."""
    found, resent = context.stored(context.settings(), lambda stores: _found(stores, campaign_id))
    if as_json:
        return print_json({"in_doubt": found, "sent_once_more": resent})
    if as_csv:
        return print_csv(_COLUMNS, map(_row, found))
    if found:
        out.print(table(f"In doubt in {campaign_id}", _COLUMNS, map(_row, found), spare=_SPARE))
        tell(f"Whoever knows more: campaigns in-doubt settle {campaign_id} ADDRESS... --as sent|not-sent")
    else:
        tell(f"Nobody is in doubt in {campaign_id}.")
    if resent:
        tell(f"{counted(resent, 'email was', 'emails were')} sent once more out of doubt: as many may have it twice.")


@app.command("settle")
def settle(
    campaign_id: CampaignId,
    people: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ADDRESS]...", callback=lambda texts: addresses(texts or []), help="Whom you know something of."
        ),
    ] = None,
    verdict: Annotated[Verdict, typer.Option("--as", help="What became of it.")] = ...,  # type: ignore[assignment]
    every: Annotated[bool, typer.Option("--all", help="Everybody who is in doubt.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="Who says so; default: your user name.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Say what became of emails in doubt. Not sent: they have failed, and "send to the remainder" reaches them."""
    if bool(people) is every:
        raise typer.BadParameter("name addresses, or say --all")
    if every and not context.confirmed(f"Settle all doubts of {campaign_id} as {verdict}?", yes=yes):
        say("Nothing was changed.")
        raise typer.Exit(1)
    audit_trail.about(f"campaign:{campaign_id}", verdict)
    who, named = by or login(), None if every else people or []
    settled = context.stored(context.settings(), lambda stores: _settled(stores, campaign_id, named, verdict, who))
    if as_json:
        return print_json({"campaign_id": campaign_id, "settled": settled, "as": verdict, "by": who})
    tell(f"{counted(settled, 'email')} settled as {verdict}.")


async def _found(stores: Stores, campaign_id: str) -> tuple[list[Doubt], int]:
    await lookup.campaign(stores, campaign_id)
    rows = [row async for row in stores.emails.activity(campaign_id, "in_doubt", limit=0)]
    owners = {number: await _owner(stores, campaign_id, number) for number in {row.slice for row in rows}}
    return [_doubt(row, owners[row.slice]) for row in rows], await stores.emails.resent(campaign_id)


async def _owner(stores: Stores, campaign_id: str, number: int) -> str | None:
    held = await stores.slices.holding(campaign_id, number)
    return held.owner if held else None


async def _settled(stores: Stores, campaign_id: str, people: Sequence[str] | None, verdict: Verdict, by: str) -> int:
    await lookup.campaign(stores, campaign_id)
    ids = None if people is None else await _ids(stores, campaign_id, people)
    return await settle_by_hand(stores.emails, campaign_id, ids, verdict, by=by, at=now())


async def _ids(stores: Stores, campaign_id: str, people: Sequence[str]) -> list[str]:
    """
    Raises:
        UnknownEmail: somebody is not in doubt; nothing is changed then.
    """
    rows = await stores.emails.of_addresses(campaign_id, people)
    doubtful = [row for row in rows if row.state is EmailState.IN_DOUBT]
    known = {row.address.lower() for row in doubtful}
    if strangers := [each for each in people if each.lower() not in known]:
        raise UnknownEmail(
            f"not in doubt in {campaign_id}: {', '.join(strangers)}. Nothing was changed; "
            f"`campaigns explain {campaign_id} {strangers[0]}` tells what became of it"
        )
    return [row.id for row in doubtful]


def _doubt(row: Email, owner: str | None) -> Doubt:
    # Its batch may have been somebody else's since.
    worker = row.detail.removeprefix(HELD_BY) if row.detail and row.detail.startswith(HELD_BY) else owner
    return Doubt(row.address, row.state_at, row.reason or "", row.slice, worker, row.message_id, row.resent_at)


def _row(each: Doubt) -> tuple[object, ...]:
    why = _WHY[DoubtReason(each.why)] if each.why in set(DoubtReason) else each.why
    return each.address, each.since, why, each.batch, each.worker, each.message_id, each.resent_at
