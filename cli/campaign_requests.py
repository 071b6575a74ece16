"""`campaigns campaign review` and `send`: ask the workers, then follow them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer

from cli import context, lookup, views
from cli.arguments import CampaignId, Wait, Yes
from cli.campaign_following import Request, asked
from cli.login import login
from cli.output import Json, counted, out, print_json
from cli.series_instead import check_own
from domain.campaign import UNDER_REVIEW, Campaign, CampaignStatus
from domain.errors import IllegalTransition
from domain.schedule import moment
from domain.what_to_type import Wish
from handlers.review_requested import check_joins
from messages.review_requested import ReviewRequested
from messages.send_requested import SendRequested
from repositories.stores import Stores
from workers.resources import now
from workers.review_requested import review_start
from workers.send_requested import send_start

_S = CampaignStatus
ENDED = frozenset({_S.SENT, _S.STOPPED, _S.CANCELLED, _S.OFFLINE, _S.PAUSED})
_FAILED = frozenset({_S.STOPPED, _S.CANCELLED, _S.OFFLINE, _S.PAUSED})


def register(app: typer.Typer) -> None:
    app.command()(review)
    app.command()(send)


def review(
    campaign_id: CampaignId,
    include_existing_members: Annotated[
        bool, typer.Option("--include-existing-members", help="Send it to those who are on its list already, too.")
    ] = False,
    yes: Yes = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Send a campaign for review, and follow it; from then on list and recipients are locked. Again: follow it on."""
    settings = context.settings()

    async def reviewable(stores: Stores) -> Campaign:
        found = await lookup.campaign(stores, campaign_id)
        if found.status in UNDER_REVIEW:
            check_joins(found, include_existing_members=include_existing_members)
        else:
            await review_start(stores, settings).check(found, include_existing_members=include_existing_members)
        return found

    draft = context.stored(settings, reviewable)
    question = f"From now on list and recipients of {campaign_id} are locked. Send it for review?"
    if draft.status not in UNDER_REVIEW and not context.confirmed(question, yes=yes):
        raise IllegalTransition(f"campaign {campaign_id} stays a draft: nobody confirmed; --yes does")
    message = ReviewRequested(
        campaign_id=campaign_id, include_existing_members=include_existing_members, confirmed_by=login()
    )
    found = asked(settings, Request(draft, message, _reviewed), wait=wait)
    if as_json:
        print_json(found)
    else:
        out.print(*([views.report(found)] if found.report else []), views.steps(found), sep="\n")
    if found.status is _S.REJECTED:
        raise typer.Exit(1)


def send(
    campaign_id: CampaignId,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When, in UTC, such as 2026-12-01T09:00; without it, now.")
    ] = None,
    yes: Yes = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Send a reviewed campaign, and follow it until it is sent. One that is being sent already is followed."""
    due = due_at(at)
    settings = context.settings()

    async def sendable(stores: Stores) -> Campaign:
        found = await lookup.campaign(stores, campaign_id)
        await check_own(stores, found, Wish.SEND)
        if found.status is not _S.SENDING:
            send_start(stores, settings).check(found)
        return found

    found = context.stored(settings, sendable)
    if not context.confirmed(_question(found, due), yes=yes):
        raise IllegalTransition(f"campaign {campaign_id} stays {found.status}: nobody confirmed; --yes does")
    message = SendRequested(campaign_id=campaign_id, at=due, confirmed_by=login())
    found = asked(settings, Request(found, message, _scheduled(due) if due else _sent), wait=wait)
    print_json(found) if as_json else out.print(views.steps(found))
    if found.status in _FAILED:
        raise typer.Exit(1)


def due_at(at: str | None) -> datetime | None:
    if at is None:
        return None
    due = moment(at)
    if due <= now():
        raise typer.BadParameter(f"{due:%Y-%m-%d %H:%M} UTC is past; leave it out to send now", param_hint="--at")
    return due


def _question(campaign: Campaign, due: datetime | None) -> str:
    people = f" to {counted(campaign.report.to_send, 'person', 'people')}" if campaign.report else ""
    return f"Send {campaign.id}{people} {f'at {due:%Y-%m-%d %H:%M} UTC' if due else 'now'}?"


def _reviewed(campaign: Campaign) -> bool:
    return campaign.status is not _S.DRAFT and campaign.status not in UNDER_REVIEW


def _sent(campaign: Campaign) -> bool:
    return campaign.status in ENDED


def _scheduled(due: datetime) -> Callable[[Campaign], bool]:
    return lambda campaign: campaign.send_at == due or campaign.status in ENDED
