"""`campaigns status` and `explain`: what goes on, and every decision about one person."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live

from cli import context, explanation, lookup, views
from cli.output import Json, err, out, print_json, table
from config.settings import Settings
from domain.books import Summary
from domain.campaign import Campaign
from domain.contact import address, contact_id
from domain.errors import InvalidDefinition
from domain.slices import SliceState
from repositories.stores import Stores
from workers.catalog import QUEUES
from workers.depths import Depth, depths
from workers.options import address_key, amqp_options, levels_s
from workers.topology import dead, wait

WATCH_S = 1.0


@dataclass(frozen=True, slots=True)
class Status:
    queues: Sequence[Depth]
    waiting: Mapping[str, int]  #: messages to be tried again later, by queue
    parked: Mapping[str, int]  #: by queue
    campaigns: Sequence[tuple[Campaign, Summary]]


def register(app: typer.Typer) -> None:
    app.command()(status)
    app.command()(explain)


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show queues, parked messages and campaigns."""
    settings = context.settings()
    if watch:
        asyncio.run(_watch(settings))
        return
    found = asyncio.run(_look(settings))
    print_json(found) if as_json else out.print(_shown(found))


def explain(
    campaign_id: str,
    email: Annotated[str, typer.Argument(metavar="ADDRESS", help="Somebody's email address.")],
    as_json: Json = False,
) -> None:
    """Tell every decision about one person in one campaign: record, rule, attempts, replies, events."""
    person = address(email)
    if person is None:
        raise InvalidDefinition(f"{email} is not an email address")
    found = asyncio.run(_explained(context.settings(), campaign_id, person.identity))
    print_json(found) if as_json else out.print(explanation.shown(found))


async def _explained(settings: Settings, campaign_id: str, identity: str) -> explanation.Explanation:
    key = contact_id(identity, address_key(settings))
    async with context.stores(settings) as stores:
        campaign = await lookup.campaign(stores, campaign_id)
        own = await stores.emails.of_contact(campaign_id, key)
        others = await stores.emails.of_addresses(campaign_id, [identity])
        rows = [*own, *(row for row in others if row.id not in {one.id for one in own})]
        events = [event for row in rows for event in await stores.events.of_email(row.id)]
        held = {row.id: await _held(stores, row.campaign_id, row.slice) for row in own}
        contact = (await stores.contacts.load([key])).get(key)
        suppressed = (await stores.suppressions.of([key])).get(key, frozenset())
    rows = [replace(row, **held.get(row.id, {})) for row in rows]  # type: ignore[arg-type]
    return explanation.Explanation(campaign, rows, events, contact, suppressed)


async def _held(stores: Stores, campaign_id: str, number: int) -> dict[str, object]:
    """What the slice says of a planned row: `claimed` is shown while a worker holds it, and stored nowhere."""
    found = await stores.slices.holding(campaign_id, number)
    held = found is not None and found.state in {SliceState.CLAIMED, SliceState.STARTED}
    return explanation.claimed(found) if found and held else {}


async def _watch(settings: Settings) -> None:
    with Live(console=err, auto_refresh=False, screen=err.is_terminal) as live:
        while True:
            live.update(_shown(await _look(settings)), refresh=True)
            await asyncio.sleep(WATCH_S)


async def _look(settings: Settings) -> Status:
    waits = {wait(queue, level): queue for queue in QUEUES for level in levels_s(settings)}
    names = [*QUEUES, *waits, *(dead(queue) for queue in QUEUES)]
    found = await depths(amqp_options(settings), names)
    later: dict[str, int] = {}
    for depth in found:
        if depth.queue in waits and depth.ready:
            later[waits[depth.queue]] = later.get(waits[depth.queue], 0) + depth.ready
    async with context.stores(settings) as stores:
        campaigns = await stores.campaigns.all()
        numbers = await stores.emails.summaries([one.id for one in campaigns])
        parked = await stores.parked.counts()
    quick = [(one, numbers.get(one.id, Summary())) for one in campaigns]
    return Status([depth for depth in found if depth.queue in QUEUES], later, parked, quick)


def _shown(found: Status) -> RenderableType:
    columns = ("queue", "waiting", "consumers", "to be retried", "parked")
    rows = [
        (one.queue, one.ready, one.consumers, found.waiting.get(one.queue, 0), found.parked.get(one.queue, 0))
        for one in found.queues
    ]
    parts: list[RenderableType] = [table("Queues", columns, rows)]
    if not rows:
        parts.append("No queue of ours is there: `campaigns init` declares them.")
    if found.campaigns:
        parts.append(views.overview(list(found.campaigns)))
    return Group(*parts)
