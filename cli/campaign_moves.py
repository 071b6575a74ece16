"""`campaigns campaign pause`, `resume`, `stop`, `cancel`, `reopen`, `unschedule` and `approve`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from cli import context, lookup, views
from cli.arguments import CampaignId, Yes
from cli.output import Json, out, print_json, say
from cli.series_instead import check_own
from config.settings import Settings
from domain.campaign import Campaign
from domain.errors import IllegalTransition
from domain.what_to_type import Wish
from handlers.campaign_approval import Approver
from handlers.campaign_moves import CampaignMoves
from repositories.stores import Stores
from workers.resources import now

Reason = Annotated[str, typer.Option(help="Why; shown wherever the status is.")]
Work = Callable[[CampaignMoves], Awaitable[Any]]
SETTLE_S = 30  #: how long to wait for workers to let go of what they hold


def register(app: typer.Typer) -> None:
    for command in (pause, resume, stop, cancel, reopen, unschedule, approve):
        app.command()(command)


def pause(campaign_id: CampaignId, reason: Reason = "paused by hand", as_json: Json = False) -> None:
    """Pause a campaign that is being sent. Workers notice soon; what they sent until then counts."""
    _move(context.settings(), campaign_id, lambda moves: moves.pause(campaign_id, reason), Wish.PAUSE, as_json=as_json)


def resume(campaign_id: CampaignId, as_json: Json = False) -> None:
    """Go on with a paused campaign."""
    settings = context.settings()

    async def work(moves: CampaignMoves) -> None:
        await context.publish(settings, await moves.resume(campaign_id))

    _move(settings, campaign_id, work, Wish.RESUME, as_json=as_json)


def stop(campaign_id: CampaignId, reason: Reason = "stopped by hand", yes: Yes = False, as_json: Json = False) -> None:
    """End a campaign with part of it sent; the rest is skipped."""
    _end(campaign_id, lambda moves: moves.stop(campaign_id, reason), yes=yes, as_json=as_json)


def cancel(
    campaign_id: CampaignId, reason: Reason = "cancelled by hand", yes: Yes = False, as_json: Json = False
) -> None:
    """Cancel a campaign for good; what is not sent is skipped."""
    _end(campaign_id, lambda moves: moves.cancel(campaign_id, reason), yes=yes, as_json=as_json)


def reopen(campaign_id: CampaignId, as_json: Json = False) -> None:
    """Make a reviewed or rejected campaign a draft again; its unsent rows are dropped."""
    _move(context.settings(), campaign_id, lambda moves: moves.reopen(campaign_id), Wish.REOPEN, as_json=as_json)


def unschedule(campaign_id: CampaignId, as_json: Json = False) -> None:
    """Take a campaign off the schedule."""
    _move(context.settings(), campaign_id, lambda moves: moves.unschedule(campaign_id), as_json=as_json)


def approve(
    campaign_id: CampaignId,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who has read it and agrees: not who wrote it.")],
    as_json: Json = False,
) -> None:
    """Approve a reviewed campaign, so that it may be sent where four eyes are asked for. Reopening it drops that."""

    async def work(stores: Stores) -> Campaign:
        return await Approver(stores.campaigns, now)(campaign_id, by)

    found = context.stored(context.settings(), work)
    print_json(found) if as_json else out.print(views.steps(found))


def _end(campaign_id: str, work: Callable[[CampaignMoves], Awaitable[bool]], *, yes: bool, as_json: bool) -> None:
    settings = context.settings()
    found = context.stored(settings, lambda stores: _movable(stores, campaign_id, Wish.END))
    if not context.confirmed(f"{campaign_id} is {found.status} and cannot go on after this. End it?", yes=yes):
        raise IllegalTransition(f"campaign {campaign_id} stays {found.status}: nobody confirmed; --yes does")
    _move(settings, campaign_id, lambda moves: _settled(moves, campaign_id, work), as_json=as_json)


async def _settled(moves: CampaignMoves, campaign_id: str, work: Callable[[CampaignMoves], Awaitable[bool]]) -> None:
    """End it, and wait a while for the workers to let go of what they hold."""
    if await work(moves):
        return
    say("Workers are finishing what they had begun …")
    for _ in range(SETTLE_S):
        await asyncio.sleep(1)
        if await moves.settle(campaign_id):
            return
    say("Some batches are still held; what is not sent of them is skipped as soon as they are let go of.")


async def _movable(stores: Stores, campaign_id: str, wish: Wish | None) -> Campaign:
    """
    Raises:
        UnknownCampaign: there is none with this id.
        IllegalTransition: it is a message of a series, and this is done with that one.
    """
    found = await lookup.campaign(stores, campaign_id)
    if wish is not None:
        await check_own(stores, found, wish)
    return found


def _move(settings: Settings, campaign_id: str, work: Work, wish: Wish | None = None, *, as_json: bool) -> None:
    async def moved(stores: Stores) -> Campaign:
        await _movable(stores, campaign_id, wish)
        await work(CampaignMoves(stores.campaigns, stores.emails, stores.slices, now))
        return await lookup.campaign(stores, campaign_id)

    found = context.stored(settings, moved)
    print_json(found) if as_json else out.print(views.steps(found))
