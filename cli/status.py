"""`campaigns status`: what goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from cli import context, views
from cli.campaign_summary import all_of_them
from cli.output import Json, err, out, print_json, table
from config.settings import Settings
from domain.campaign import Campaign
from domain.summary import Summary
from workers.catalog import QUEUES
from workers.depths import Depth, depths
from workers.options import amqp_options, levels_s
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
        campaigns, parked = await all_of_them(stores), await stores.parked.tally()
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
