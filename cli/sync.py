"""`campaigns sync`: what carries the records of a CRM module into mailing lists."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer

from cli import context, lookup
from cli.arguments import NewSyncId, SyncId, Wait, pairs
from cli.follow import not_refused, run_ended
from cli.output import Json, counted, out, print_json, say, table, tell
from config.settings import Settings
from domain.campaign import DEFAULT_TOPIC
from domain.contact import SubscriptionType
from domain.errors import InvalidDefinition
from domain.module import BUILT_IN
from domain.slices import Run
from domain.sync import Sync, SyncStatus, problems, redefined
from messages.sync_requested import SyncMode, SyncRequested
from repositories.stores import Stores
from workers.resources import now

app = typer.Typer(help="Syncs: what carries the records of a CRM module into mailing lists.", no_args_is_help=True)

Lists = Annotated[list[str] | None, typer.Option("--list", help="Target list; may be given several times.")]
Topics = Annotated[list[str] | None, typer.Option("--topic", help="Topic they subscribe to (marketing only).")]
SHAPE = "CRM_FIELD=contact_field"

#: Clocks of two machines differ a little.
SKEW = timedelta(seconds=2)


@app.command()
def create(
    sync_id: NewSyncId,
    module: Annotated[str, typer.Option(help="CRM module, such as Leads. All its records are synced.")],
    list_: Lists = None,
    type_: Annotated[
        SubscriptionType, typer.Option("--type", help="Why these people are on the lists.")
    ] = SubscriptionType.MARKETING,
    topic: Topics = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar=SHAPE, help="One field of the map; else the module's own map.")
    ] = None,
    update_empty_values: Annotated[
        bool, typer.Option("--update-empty-values", help="Erase here what is erased in the CRM; else our value stays.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Set a sync up and map its fields. Nothing is synced before `campaigns sync initiate`."""
    usual = dict(BUILT_IN[module].default_map) if module in BUILT_IN else {}
    made = Sync(
        id=sync_id,
        name=sync_id,
        module=module,
        lists=tuple(list_ or ()),
        subscription=type_,
        topics=tuple(topic or ()),
        update_empty_values=update_empty_values,
        field_map=pairs(map_, option="--map", shape=SHAPE) or usual,
    )
    _stored(context.settings(), lambda stores: _create(stores, made), as_json=as_json)


@app.command()
def edit(
    sync_id: SyncId,
    list_: Lists = None,
    topic: Topics = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar=SHAPE, help="Add this field to the map, or map it anew.")
    ] = None,
    unmap: Annotated[list[str] | None, typer.Option(metavar="CRM_FIELD", help="Take this field off the map.")] = None,
    update_empty_values: Annotated[
        bool | None, typer.Option(help="Erase here what is erased in the CRM, or keep our value.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is named of a sync; --list and --topic replace those before.

    Records that change afterwards follow it at once; `campaigns sync initiate SYNC --again` carries over all of them.
    """
    mapped = pairs(map_, option="--map", shape=SHAPE)

    def changed(known: Sync) -> Sync:
        fields = {theirs: ours for theirs, ours in known.field_map.items() if theirs not in (unmap or ())} | mapped
        empties = known.update_empty_values if update_empty_values is None else update_empty_values
        lists, topics = tuple(list_ or known.lists), tuple(topic or known.topics)
        return replace(known, lists=lists, topics=topics, field_map=fields, update_empty_values=empties)

    _stored(context.settings(), lambda stores: _edit(stores, sync_id, changed), as_json=as_json)


@app.command()
def initiate(
    sync_id: SyncId,
    again: Annotated[bool, typer.Option("--again", help="Re-initiate: over all records again.")] = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Run a sync over all records of its module; afterwards every changed record follows at once."""
    settings, since = context.settings(), now() - SKEW
    request = SyncRequested(sync_id=sync_id, mode=SyncMode.REINITIATE if again else SyncMode.INITIATE)
    found = context.stored(settings, lambda stores: lookup.sync(stores, sync_id))
    ids = asyncio.run(context.publish(settings, [request]))
    if not wait:
        say(f"Asked for. `campaigns sync show {sync_id}` tells how far it is.")
        return print_json(found) if as_json else None

    async def follow(stores: Stores) -> Run:
        async def latest() -> Run | None:
            await not_refused(stores, SyncRequested.queue, ids)
            return await stores.sync_runs.latest(sync_id)

        return await run_ended(latest, since, f"Syncing {sync_id}")

    run = context.stored(settings, follow)
    print_json(run) if as_json else _report(run)


@app.command()
def show(
    sync_id: Annotated[
        str | None, typer.Argument(metavar="[SYNC]", help="Id of one sync; without it, all of them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show all syncs, or one with its map and last run."""

    async def work(stores: Stores) -> tuple[list[Sync], Run | None]:
        if sync_id is None:
            return list(await stores.syncs.all()), None
        return [await lookup.sync(stores, sync_id)], await stores.sync_runs.latest(sync_id)

    found, run = context.stored(context.settings(), work)
    if as_json:
        return print_json({"syncs": found, "last_run": run})
    if not found:
        return tell("There is no sync yet: `campaigns sync create --help` says how to make one.")
    rows = [(s.id, s.module, ", ".join(s.lists), s.subscription, ", ".join(s.topics), s.status) for s in found]
    out.print(table("Syncs", ("id", "module", "lists", "type", "topics", "status"), rows))
    if sync_id is not None:
        out.print(table("Field map", ("CRM field", "contact field"), found[0].field_map.items()))
    if run is not None:
        _report(run)


def _stored(settings: Settings, store: Callable[[Stores], Awaitable[Sync]], *, as_json: bool) -> None:
    made = context.stored(settings, store)
    if as_json:
        return print_json(made)
    again = " --again" if made.status is SyncStatus.ACTIVE else ""
    tell(
        f"Sync {made.id} maps {counted(len(made.field_map), 'field')} of {made.module}. "
        f"Next: `campaigns sync initiate {made.id}{again}`"
    )


async def _create(stores: Stores, made: Sync) -> Sync:
    if await stores.syncs.get(made.id) is not None:
        raise InvalidDefinition(f"sync {made.id} exists; change it: campaigns sync edit {made.id}")
    return await _save(stores, made)


async def _edit(stores: Stores, sync_id: str, changed: Callable[[Sync], Sync]) -> Sync:
    known = await lookup.sync(stores, sync_id)
    return await _save(stores, redefined(known, changed(known)))


async def _save(stores: Stores, made: Sync) -> Sync:
    wrong = [*problems(made, await stores.modules.get(made.module)), *await _unknown(stores, made)]
    if wrong:
        raise InvalidDefinition("\n".join(wrong))
    await stores.syncs.save(made)
    return made


async def _unknown(stores: Stores, made: Sync) -> list[str]:
    """Lists and topics that are not there, each with what makes it."""
    lists = [one for one in made.lists if await stores.lists.get(one) is None]
    topics = [one for one in made.topics if one != DEFAULT_TOPIC and await stores.topics.get(one) is None]
    return [
        *(f"lists: there is no list {one}; `campaigns list create {one}`" for one in lists),
        *(f"topics: there is no topic {one}; `campaigns topic create {one}`" for one in topics),
    ]


def _report(run: Run) -> None:
    took = (run.ended_at - run.started_at).total_seconds() if run.ended_at and run.started_at else None
    state = f"done in {took:.1f} s" if took is not None else f"{len(run.done)} of {len(run.ranges)} slices done"
    out.print(table(f"Run {run.id}: {state}", ("records", "number"), _lines(run)))


def _lines(run: Run) -> list[tuple[str, int]]:
    first = ["total", "new", "updated", "unchanged"]
    skipped = sorted(name for name in run.counts if name.startswith("skipped."))
    return [(name.replace("skipped.", "skipped: "), run.counts.get(name, 0)) for name in [*first, *skipped]]
