"""`campaigns campaign test`: ask for a test mail, and tell what the relay said to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from cli import context, lookup
from cli.arguments import CampaignId, RecordRef, Wait, addresses, an_address, one_reader, pairs, person
from cli.follow import POLL_S, not_refused
from cli.output import Json, counted, out, print_json, say, table, tell
from config.settings import Settings
from domain.errors import InvalidDefinition, NotReady, Transient
from domain.test_mail import TestOutcome, TestState
from domain.what_to_type import to_change
from messages.test_requested import TestRequested
from repositories.stores import Stores
from workers.options import address_key
from workers.record_reader import record_reader
from workers.resources import new_id

MAX_TESTS = 5  #: addresses of one test (R68)
#: A relay takes a mail within seconds; who waits longer than this wants to know why.
PATIENCE_S = 30.0


class NoAnswer(Transient):
    """Nothing is known yet of some test mails; the text says what to do."""


def register(app: typer.Typer) -> None:
    app.command()(test)


def test(
    campaign_id: CampaignId,
    to: Annotated[list[str], typer.Option(metavar="ADDRESS", callback=addresses, help="Who gets it; at most five.")],
    contact: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", callback=an_address, help="Show it with the values of the contact with this address."
        ),
    ] = None,
    record: RecordRef = None,
    value: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=TEXT", help="Show it with this value of a merge field.")
    ] = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Send a test mail, and say how the relay answered. It touches no statistics, list or member status."""
    if len(to) > MAX_TESTS:
        raise typer.BadParameter(f"{len(to)} addresses; a test goes to at most {MAX_TESTS} at once", param_hint="--to")
    one_reader(contact, record)
    request = TestRequested(
        campaign_id=campaign_id,
        addresses=[person(text).sendable for text in to],
        contact=contact and person(contact).identity,
        record=record,
        values=pairs(value, option="--value", shape="FIELD=TEXT"),
        request_id=new_id(),
    )
    settings = context.settings()
    context.stored(settings, lambda stores: _testable(stores, settings, request))
    ids = asyncio.run(context.publish(settings, [request]))
    if not wait:
        return _asked_for(request, as_json=as_json)
    found = context.stored(settings, lambda stores: _outcomes(stores, request, ids))
    _show(campaign_id, found, as_json=as_json)
    if any(each.state is not TestState.TAKEN for each in found):
        raise typer.Exit(1)


def _asked_for(request: TestRequested, *, as_json: bool) -> None:
    if as_json:
        return print_json(request.model_dump(mode="json"))
    people = counted(len(request.addresses), "address", "addresses")
    tell(f"Asked for: a test of {request.campaign_id} to {people}. `campaigns check` says whether the relay is there.")


def _show(campaign_id: str, found: Sequence[TestOutcome], *, as_json: bool) -> None:
    if as_json:
        return print_json({"campaign": campaign_id, "outcomes": found})
    rows = [(each.address, each.state.replace("_", " "), _said(each)) for each in found]
    out.print(table(f"Test of {campaign_id}", ("address", "mail", "the relay said"), rows))


def _said(outcome: TestOutcome) -> str:
    reply = outcome.reply
    return f"{reply.code} {reply.text}" if reply else outcome.detail or ""


async def _testable(stores: Stores, settings: Settings, request: TestRequested) -> None:
    """Say at once what the worker would park."""
    campaign = await lookup.campaign(stores, request.campaign_id)
    if not campaign.content.html and not campaign.content.text:
        fix = to_change(campaign, "--template newsletter")
        raise NotReady(f"campaign {campaign.id} has no content yet: {fix}")
    if request.contact and not await lookup.contact(stores, request.contact, address_key(settings)):
        raise InvalidDefinition(
            f"--contact: nobody with the address {request.contact} is a contact yet; give --record MODULE:ID or "
            "--value FIELD=TEXT instead"
        )
    if request.record:
        await record_reader(stores, settings)(campaign, request.record)


async def _outcomes(stores: Stores, request: TestRequested, ids: Sequence[str]) -> Sequence[TestOutcome]:
    """What came of each address, once all have ended.

    Raises:
        Refused: a worker has parked the request before anything was sent.
        NoAnswer: some had no end within half a minute.
    """
    wanted, started, told = len({each.lower() for each in request.addresses}), time.monotonic(), ""
    while True:
        found = await stores.test_mails.of(request.request_id)
        if len(found) == wanted and all(each.ended for each in found):
            return found
        if not found:
            await not_refused(stores, request.queue, list(ids))
        if (waiting := _waits(found)) and waiting != told:
            say(told := waiting)
        if time.monotonic() - started > PATIENCE_S:
            raise NoAnswer(_unanswered(request, found))
        await asyncio.sleep(POLL_S)


def _waits(found: Sequence[TestOutcome]) -> str:
    waiting = [each for each in found if not each.ended]
    return f"Not sent yet: {waiting[0].detail}. It is tried again …" if waiting else ""


def _unanswered(request: TestRequested, found: Sequence[TestOutcome]) -> str:
    if found:
        return (
            f"a test of {request.campaign_id} waits for the relay: {_waits(found)} The workers go on trying; "
            "`campaigns check` says what is wrong with the relay"
        )
    return (
        f"a test of {request.campaign_id} is queued, and no worker has answered within {PATIENCE_S:g} s. Start one: "
        "`campaigns worker test-requested`; `campaigns status` shows the queues"
    )
