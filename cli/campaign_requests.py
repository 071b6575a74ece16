"""`campaigns campaign review`, `test` and `send`: ask the workers, then follow them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.live import Live

from cli import context, lookup, views
from cli.arguments import CampaignId, Wait, Yes, addresses, an_address, pairs, person
from cli.follow import not_refused, until
from cli.output import Json, counted, err, out, print_json, say, tell
from config.settings import Settings
from domain.books import Books
from domain.campaign import Campaign, CampaignStatus
from domain.errors import IllegalTransition, InvalidDefinition, NotReady
from handlers.review_requested import UNDER_REVIEW
from messages.base import Message
from messages.review_requested import ReviewRequested
from messages.send_requested import SendRequested
from messages.test_requested import TestRequested
from repositories.stores import Stores
from workers.options import address_key
from workers.resources import new_id, now
from workers.review_requested import review_start
from workers.send_requested import send_start

MAX_TESTS = 5  #: addresses of one test (R68)

_S = CampaignStatus
_ENDED = frozenset({_S.SENT, _S.STOPPED, _S.CANCELLED, _S.OFFLINE, _S.PAUSED})
_FAILED = frozenset({_S.STOPPED, _S.CANCELLED, _S.OFFLINE, _S.PAUSED})


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the workers for one campaign."""

    campaign: Campaign  #: as it is before
    message: Message
    done: Callable[[Campaign], bool]

    def begun(self, campaign: Campaign) -> bool:
        return campaign.status is not self.campaign.status or campaign.status is _S.SENDING or self.done(campaign)


def register(app: typer.Typer) -> None:
    app.command()(review)
    app.command()(test)
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
    """Send a campaign for review. From then on its list and recipients are locked."""
    settings = context.settings()

    async def reviewable(stores: Stores) -> Campaign:
        found = await lookup.campaign(stores, campaign_id)
        await review_start(stores, settings).check(found, include_existing_members=include_existing_members)
        return found

    draft = context.stored(settings, reviewable)
    question = f"From now on list and recipients of {campaign_id} are locked. Send it for review?"
    if not context.confirmed(question, yes=yes):
        raise IllegalTransition(f"campaign {campaign_id} stays a draft: nobody confirmed; --yes does")
    message = ReviewRequested(
        campaign_id=campaign_id, include_existing_members=include_existing_members, confirmed_by="cli"
    )
    found = _asked(settings, Request(draft, message, _reviewed), wait=wait)
    if as_json:
        print_json(found)
    else:
        out.print(*([views.report(found)] if found.report else []), views.steps(found), sep="\n")
    if found.status is _S.REJECTED:
        raise typer.Exit(1)


def test(
    campaign_id: CampaignId,
    to: Annotated[list[str], typer.Option(metavar="ADDRESS", callback=addresses, help="Who gets it; at most five.")],
    contact: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", callback=an_address, help="Show it with the values of the contact with this address."
        ),
    ] = None,
    value: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=TEXT", help="Show it with this value of a merge field.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a test mail. It touches no statistics, list or member status."""
    if len(to) > MAX_TESTS:
        raise typer.BadParameter(f"{len(to)} addresses; a test goes to at most {MAX_TESTS} at once", param_hint="--to")
    request = TestRequested(
        campaign_id=campaign_id,
        addresses=[person(text).sendable for text in to],
        contact=contact and person(contact).identity,
        values=pairs(value, option="--value", shape="FIELD=TEXT"),
        request_id=new_id(),
    )
    settings = context.settings()
    context.stored(settings, lambda stores: _testable(stores, settings, request))
    asyncio.run(context.publish(settings, [request]))
    if as_json:
        return print_json(request.model_dump(mode="json"))
    tell(
        f"Asked for: a test of {campaign_id} to {counted(len(to), 'address', 'addresses')}. "
        "`campaigns check` says whether the relay is there."
    )


def send(
    campaign_id: CampaignId,
    at: Annotated[datetime | None, typer.Option(help="When, in UTC; without it, now.")] = None,
    yes: Yes = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Send a reviewed campaign, and follow it until it is sent. One that is being sent already is followed."""
    due = _due(at)
    settings = context.settings()

    async def sendable(stores: Stores) -> Campaign:
        found = await lookup.campaign(stores, campaign_id)
        if found.status is not _S.SENDING:
            send_start(stores, settings).check(found)
        return found

    found = context.stored(settings, sendable)
    if not context.confirmed(_question(found, due), yes=yes):
        raise IllegalTransition(f"campaign {campaign_id} stays {found.status}: nobody confirmed; --yes does")
    message = SendRequested(campaign_id=campaign_id, at=due, confirmed_by="cli")
    found = _asked(settings, Request(found, message, _scheduled(due) if due else _sent), wait=wait)
    print_json(found) if as_json else out.print(views.steps(found))
    if found.status in _FAILED:
        raise typer.Exit(1)


def _due(at: datetime | None) -> datetime | None:
    if at is None:
        return None
    due = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if due <= now():
        raise typer.BadParameter(f"{at:%Y-%m-%d %H:%M} UTC is past; leave it out to send now", param_hint="--at")
    return due


def _question(campaign: Campaign, due: datetime | None) -> str:
    people = f" to {counted(campaign.report.to_send, 'person', 'people')}" if campaign.report else ""
    return f"Send {campaign.id}{people} {f'at {due:%Y-%m-%d %H:%M} UTC' if due else 'now'}?"


def _reviewed(campaign: Campaign) -> bool:
    return campaign.status is not _S.DRAFT and campaign.status not in UNDER_REVIEW


def _sent(campaign: Campaign) -> bool:
    return campaign.status in _ENDED


def _scheduled(due: datetime) -> Callable[[Campaign], bool]:
    return lambda campaign: campaign.send_at == due or campaign.status in _ENDED


async def _testable(stores: Stores, settings: Settings, request: TestRequested) -> None:
    """Say at once what the worker would park."""
    campaign = await lookup.campaign(stores, request.campaign_id)
    if not campaign.content.html and not campaign.content.text:
        fix = f"campaigns campaign edit {campaign.id} --template newsletter"
        raise NotReady(f"campaign {campaign.id} has no content yet: {fix}")
    if request.contact and not await lookup.contact(stores, request.contact, address_key(settings)):
        raise InvalidDefinition(f"--contact: nobody has the address {request.contact}; give --value FIELD=TEXT instead")


def _asked(settings: Settings, request: Request, *, wait: bool) -> Campaign:
    """The campaign after the request was published and, with `wait`, is done."""
    ids = asyncio.run(context.publish(settings, [request.message]))
    if not wait:
        say(f"Asked for. `campaigns campaign show {request.campaign.id}` tells how far it is.")
        return request.campaign
    return context.stored(settings, lambda stores: _followed(stores, request, ids))


async def _followed(stores: Stores, request: Request, ids: list[str]) -> Campaign:
    async def look() -> tuple[Campaign, Books]:
        found = await lookup.campaign(stores, request.campaign.id)
        if not request.begun(found):
            await not_refused(stores, request.message.queue, ids)
        return found, await lookup.books(stores, found)

    try:
        with Live(console=err, transient=True, auto_refresh=False) as live:
            campaign, _ = await until(
                look,
                lambda state: request.done(state[0]),
                begun=lambda state: request.begun(state[0]),
                waiting_for=request.campaign.id,
                see=lambda state: live.update(views.progress(*state), refresh=True) if err.is_terminal else None,
            )
    except asyncio.CancelledError:
        say(f"You stopped watching; the workers go on. `campaigns campaign show {request.campaign.id}` tells how far.")
        raise
    return campaign
