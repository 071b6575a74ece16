"""`campaigns status` and `explain`: what goes on, and every decision about one person."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from cli import context, explanation, lookup, views
from cli.arguments import CampaignId, an_address, person
from cli.campaign import quick_view
from cli.output import Json, err, out, print_json, table
from config.settings import Settings
from domain.books import Summary
from domain.campaign import Campaign
from domain.contact import contact_id
from domain.email import Email
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
    parked: Mapping[tuple[str, str], int]  #: by queue and reason
    campaigns: Sequence[tuple[Campaign, Summary]]


def register(app: typer.Typer) -> None:
    app.command()(status)
    app.command()(explain)


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show queues, parked messages and campaigns."""
    if watch and (as_json or not err.is_terminal):
        raise typer.BadParameter("watching is for people on a terminal; programs ask again", param_hint="--watch")
    settings = context.settings()
    if watch:
        return asyncio.run(_watch(settings))
    found = asyncio.run(_look(settings))
    print_json(_plain(found)) if as_json else out.print(_shown(found))


def explain(
    campaign_id: CampaignId,
    email: Annotated[str, typer.Argument(metavar="ADDRESS", callback=an_address, help="Somebody's email address.")],
    as_json: Json = False,
) -> None:
    """Tell every decision about one person in one campaign: record, rule, attempts, replies, events."""
    identity = person(email).identity
    settings = context.settings()
    key = address_key(settings)
    found = context.stored(settings, lambda stores: _explained(stores, campaign_id, identity, key))
    print_json(found) if as_json else out.print(explanation.shown(found))


async def _explained(stores: Stores, campaign_id: str, identity: str, key: bytes) -> explanation.Explanation:
    campaign, id_ = await lookup.campaign(stores, campaign_id), contact_id(identity, key)
    own = await stores.emails.of_contact(campaign_id, id_)
    others = await stores.emails.of_addresses(campaign_id, [identity])
    rows = [*own, *(row for row in others if row.id not in {one.id for one in own})]
    return explanation.Explanation(
        campaign=campaign,
        rows=[replace(row, **await _held(stores, row)) if row in own else row for row in rows],
        events=[event for row in rows for event in await stores.events.of_email(row.id)],
        contact=await lookup.contact(stores, identity, key),
        suppressed=(await stores.suppressions.of([id_])).get(id_, frozenset()),
    )


async def _held(stores: Stores, row: Email) -> dict[str, Any]:
    """What the slice says of a planned row: `claimed` is shown while a worker holds it, and stored nowhere."""
    found = await stores.slices.holding(row.campaign_id, row.slice)
    held = found is not None and found.state in {SliceState.CLAIMED, SliceState.STARTED}
    return explanation.claimed(found) if found and held else {}


async def _watch(settings: Settings) -> None:
    with Live(console=err, auto_refresh=False, screen=True) as live:
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
        campaigns, parked = await quick_view(stores), await stores.parked.tally()
    return Status([depth for depth in found if depth.queue in QUEUES], later, parked, campaigns)


def _parked(found: Status, queue: str) -> int:
    return sum(count for (of_queue, _), count in found.parked.items() if of_queue == queue)


def _plain(found: Status) -> dict[str, Any]:
    queues = [
        {"queue": one.queue, "waiting": one.ready, "consumers": one.consumers,
         "to_be_retried": found.waiting.get(one.queue, 0), "parked": _parked(found, one.queue),
         "parked_by_reason": {reason: n for (queue, reason), n in found.parked.items() if queue == one.queue}}
        for one in found.queues
    ]  # fmt: skip
    return {"queues": queues, "campaigns": [views.brief(*one) for one in found.campaigns]}


def _shown(found: Status) -> RenderableType:
    columns = ("queue", "waiting", "consumers", "to be retried", "parked")
    rows = [
        (one.queue, one.ready, one.consumers, found.waiting.get(one.queue, 0), _parked(found, one.queue))
        for one in found.queues
    ]
    parts = [table("Queues", columns, rows)] if rows else []
    if found.parked:
        kinds = [(queue, reason, count) for (queue, reason), count in sorted(found.parked.items())]
        parts.append(table("Parked: campaigns parked list", ("queue", "reason", "messages"), kinds))
    notes = [] if rows else ["There are no queues yet: `campaigns init` declares them."]
    if rows and not any(one.consumers for one in found.queues):
        notes.append("No worker runs: `campaigns worker all` starts them.")
    if not found.campaigns:
        notes.append("There is no campaign yet: `campaigns campaign create --help` says how to make one.")
    return Group(*parts, *map(Text, notes), *([views.overview(found.campaigns)] if found.campaigns else []))
