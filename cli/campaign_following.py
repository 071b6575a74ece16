"""Asking the workers for something that changes a campaign, and following it until that is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import RenderableType
from rich.live import Live

from cli import context, lookup, review_view, views
from cli.follow import not_refused, until
from cli.output import err, say
from config.settings import Settings
from domain.campaign import Campaign, CampaignStatus
from domain.review_progress import STEPS, ReviewProgress, review_progress
from messages.base import Message
from repositories.stores import Stores
from workers.resources import now


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the workers for one campaign."""

    campaign: Campaign  #: as it is before
    message: Message
    done: Callable[[Campaign], bool]

    def begun(self, campaign: Campaign) -> bool:
        going = campaign.status in {CampaignStatus.SENDING, *STEPS}
        return campaign.status is not self.campaign.status or going or self.done(campaign)


def asked(settings: Settings, request: Request, *, wait: bool) -> Campaign:
    """The campaign after the request was published and, with `wait`, is done."""
    ids = asyncio.run(context.publish(settings, [request.message]))
    if not wait:
        say(f"Asked for. `campaigns campaign show {request.campaign.id}` tells how far it is.")
        return request.campaign
    return context.stored(settings, lambda stores: followed(stores, request, ids))


async def followed(stores: Stores, request: Request, ids: list[str]) -> Campaign:
    """The campaign once that is done; how far it is, meanwhile.

    Raises:
        Refused: a worker has parked one of the events with these ids.
        NobodyWorks: nothing has begun within 15 seconds.
    """

    async def look() -> tuple[Campaign, RenderableType | None]:
        found = await lookup.campaign(stores, request.campaign.id)
        if not request.begun(found):
            await not_refused(stores, request.message.queue, ids)
        return found, await _progress(stores, found) if err.is_terminal else None

    try:
        with Live(console=err, transient=True, auto_refresh=False) as live:
            campaign, _ = await until(
                look,
                lambda state: request.done(state[0]),
                begun=lambda state: request.begun(state[0]),
                waiting_for=request.campaign.id,
                see=lambda state: live.update(state[1], refresh=True) if state[1] else None,
            )
    except asyncio.CancelledError:
        say(f"You stopped watching; the workers go on. `campaigns campaign show {request.campaign.id}` tells how far.")
        raise
    return campaign


async def _progress(stores: Stores, campaign: Campaign) -> RenderableType:
    if under_way := await reviewing(stores, campaign):
        return review_view.line(campaign.id, under_way)
    return views.progress(campaign, await lookup.books(stores, campaign))


async def reviewing(stores: Stores, campaign: Campaign) -> ReviewProgress | None:
    """How far the review of a campaign is; None for one that is not under review."""
    if campaign.status not in STEPS or campaign.review_run is None:
        return None
    return review_progress(campaign, await stores.review_runs.get(campaign.review_run), now())
