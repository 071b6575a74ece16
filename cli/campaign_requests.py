"""`campaigns campaign review`, `test` and `send`: ask the workers, then follow them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.live import Live

from cli import context, lookup, views
from cli.follow import until
from cli.output import Json, err, out, print_json, say
from config.settings import Settings
from domain.books import Books
from domain.campaign import Campaign, CampaignStatus
from domain.errors import IllegalTransition, InvalidDefinition
from handlers.review_requested import UNDER_REVIEW
from messages.base import Message
from messages.review_requested import ReviewRequested
from messages.send_requested import SendRequested
from messages.test_requested import TestRequested
from repositories.stores import Stores
from workers.resources import new_id
from workers.review_requested import review_start

Wait = Annotated[bool, typer.Option(help="Follow it until it has ended.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_S = CampaignStatus
_ENDED = frozenset({_S.SENT, _S.STOPPED, _S.CANCELLED, _S.OFFLINE, _S.PAUSED, _S.SCHEDULED})


def register(app: typer.Typer) -> None:
    app.command()(review)
    app.command()(test)
    app.command()(send)


def review(
    campaign_id: str,
    include_existing_members: Annotated[
        bool, typer.Option(help="Send it to those who are on the list already, too.")
    ] = False,
    yes: Yes = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Send a campaign for review. From then on its list and recipients are locked."""
    question = f"From now on list and recipients of {campaign_id} are locked. Send it for review?"
    if not context.confirmed(question, yes=yes):
        raise IllegalTransition(f"campaign {campaign_id} stays a draft: nobody confirmed; --yes does")
    request = ReviewRequested(
        campaign_id=campaign_id, include_existing_members=include_existing_members, confirmed_by="cli"
    )
    found = asyncio.run(_requested(campaign_id, request, wait=wait, begun_from=_S.DRAFT, done=_reviewed))
    if as_json:
        print_json(found)
    else:
        out.print(*([views.report(found)] if found.report else []), views.steps(found), sep="\n")
    if found.status is _S.REJECTED:
        raise typer.Exit(1)


def test(
    campaign_id: str,
    address: Annotated[list[str], typer.Option("--to", help="At most five addresses.")],
    contact: Annotated[
        str | None, typer.Option(help="Show it with the values of the contact with this address.")
    ] = None,
    value: Annotated[list[str] | None, typer.Option(metavar="FIELD=TEXT", help="Show it with this value.")] = None,
    as_json: Json = False,
) -> None:
    """Send a test mail. It touches no statistics, list or member status."""
    if len(address) > 5:
        raise InvalidDefinition(f"--to: {len(address)} addresses; a test goes to at most five at once (R68)")
    values = dict(text.split("=", 1) for text in value or () if "=" in text)
    request = TestRequested(
        campaign_id=campaign_id, addresses=address, contact=contact, values=values, request_id=new_id()
    )

    async def work() -> None:
        settings = context.settings()
        async with context.stores(settings) as stores:
            await lookup.campaign(stores, campaign_id)
        await context.publish(settings, [request])

    asyncio.run(work())
    print_json(request.model_dump(mode="json")) if as_json else out.print(f"A test goes to {len(address)} addresses.")


def send(
    campaign_id: str,
    at: Annotated[datetime | None, typer.Option(help="When, in UTC; without it, now.")] = None,
    yes: Yes = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Send a reviewed campaign, and follow it until it is sent."""
    if not context.confirmed(f"Send {campaign_id}?", yes=yes):
        raise IllegalTransition(f"campaign {campaign_id} is not sent: nobody confirmed; --yes does")
    request = SendRequested(campaign_id=campaign_id, at=context.utc(at), confirmed_by="cli")
    found = asyncio.run(_requested(campaign_id, request, wait=wait, begun_from=_S.REVIEWED, done=_sent))
    if as_json:
        print_json(found)
    else:
        out.print(views.steps(found))
    if found.status in {_S.STOPPED, _S.CANCELLED}:
        raise typer.Exit(1)


def _reviewed(campaign: Campaign) -> bool:
    return campaign.status is not _S.DRAFT and campaign.status not in UNDER_REVIEW


def _sent(campaign: Campaign) -> bool:
    return campaign.status in _ENDED


async def _requested(
    campaign_id: str, request: Message, *, wait: bool, begun_from: CampaignStatus, done: Any
) -> Campaign:
    """The campaign after the request was published and, with `wait`, is done.

    A campaign in another status than `begun_from` is refused at once: the workers would only park the request.
    """
    settings = context.settings()
    async with context.stores(settings) as stores:
        campaign = await lookup.campaign(stores, campaign_id)
        if campaign.status is not begun_from:
            raise IllegalTransition(
                f"campaign {campaign_id} is {campaign.status}, and this needs a campaign that is {begun_from}. "
                f"What can be done with it: `campaigns campaign show {campaign_id}`"
            )
        await _check(stores, settings, campaign, request)
        await context.publish(settings, [request])
        if not wait:
            say(f"Asked for. `campaigns campaign show {campaign_id}` follows it.")
            return campaign
        return await _followed(stores, campaign_id, begun_from, done)


async def _check(stores: Stores, settings: Settings, campaign: Campaign, request: Message) -> None:
    """Say at once what the reviewer would refuse, instead of letting the request be parked."""
    if isinstance(request, ReviewRequested):
        starter = review_start(stores, settings)
        await starter.check(campaign, include_existing_members=request.include_existing_members)


async def _followed(stores: Stores, campaign_id: str, begun_from: CampaignStatus, done: Any) -> Campaign:
    async def look() -> tuple[Campaign, Books]:
        campaign = await lookup.campaign(stores, campaign_id)
        selected = campaign.report.selected if campaign.report else 0
        return campaign, await stores.emails.books(campaign_id, selected)

    with Live(console=err, transient=True, auto_refresh=False) as live:
        campaign, _ = await until(
            look,
            lambda state: done(state[0]),
            begun=lambda state: state[0].status is not begun_from,
            waiting_for=campaign_id,
            see=lambda state: live.update(views.progress(*state), refresh=True) if err.is_terminal else None,
        )
    return campaign
