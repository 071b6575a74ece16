"""`campaigns sync`: what carries the records of a CRM module into mailing lists."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live

from cli import context, lookup, sync_people, sync_requests, sync_view
from cli.arguments import NewSyncId, SyncId, new_id, pairs
from cli.output import Csv, Json, counted, err, out, print_csv, print_json, table, tell
from config.settings import Settings
from domain.campaign import DEFAULT_TOPIC
from domain.contact import SubscriptionType
from domain.errors import InvalidDefinition
from domain.lists import MailingList
from domain.slices import Run
from domain.sync import Sync, SyncStatus, check_mapped, problems, redefined
from domain.sync_report import report
from repositories.stores import Stores
from workers.resources import now

app = typer.Typer(help="Syncs: what carries the records of a CRM module into mailing lists.", no_args_is_help=True)

Lists = Annotated[list[str] | None, typer.Option("--list", help="Target list; may be given several times.")]
Topics = Annotated[list[str] | None, typer.Option("--topic", help="Topic they subscribe to (marketing only).")]
SHAPE = "CRM_FIELD=contact_field"
WATCH_S = 1.0
#: What a changed sync follows; one that never ran is initiated.
_NEXT = {SyncStatus.ACTIVE: "initiate {id} --again", SyncStatus.PAUSED: "resume {id}"}


@app.command()
def create(
    sync_id: NewSyncId,
    module: Annotated[str, typer.Option(help="CRM module, such as Leads. All its records are synced.")],
    list_: Lists = None,
    new_list: Annotated[
        list[str] | None, typer.Option("--new-list", metavar="LIST", help="Target list that is created with the sync.")
    ] = None,
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
    made = Sync(
        id=sync_id,
        name=sync_id,
        module=module,
        lists=tuple(dict.fromkeys([*(list_ or ()), *(new_list or ())])),
        subscription=type_,
        topics=tuple(topic or ()),
        update_empty_values=update_empty_values,
        field_map=pairs(map_, option="--map", shape=SHAPE),
    )
    new = [str(new_id(one)) for one in new_list or ()]
    _stored(context.settings(), lambda stores: _create(stores, made, new), as_json=as_json)


@app.command()
def edit(
    sync_id: SyncId,
    list_: Lists = None,
    no_lists: Annotated[bool, typer.Option("--no-lists", help="From now on onto no list.")] = False,
    topic: Topics = None,
    no_topics: Annotated[bool, typer.Option("--no-topics", help="From now on to no topic.")] = False,
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar=SHAPE, help="Add this field to the map, or map it anew.")
    ] = None,
    unmap: Annotated[list[str] | None, typer.Option(metavar="CRM_FIELD", help="Take this field off the map.")] = None,
    update_empty_values: Annotated[
        bool | None, typer.Option(help="Erase here what is erased in the CRM, or keep our value.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is named of a sync; --list and --topic replace those before, --no-lists and --no-topics leave none.

    Records that change afterwards follow it at once. For those synced before: `campaigns sync backfill SYNC` gives them
    the new fields, `campaigns sync initiate SYNC --again` carries over all of them.
    """
    mapped = pairs(map_, option="--map", shape=SHAPE)
    lists, topics = _replaced("list", list_, none=no_lists), _replaced("topic", topic, none=no_topics)

    def changed(known: Sync) -> Sync:
        check_mapped(known, unmap or ())
        fields = {theirs: ours for theirs, ours in known.field_map.items() if theirs not in (unmap or ())} | mapped
        empties = known.update_empty_values if update_empty_values is None else update_empty_values
        return replace(
            known,
            lists=known.lists if lists is None else lists,
            topics=known.topics if topics is None else topics,
            field_map=fields,
            update_empty_values=empties,
        )

    _stored(context.settings(), lambda stores: _edit(stores, sync_id, changed), as_json=as_json)


@app.command()
def show(
    sync_id: Annotated[
        str | None, typer.Argument(metavar="[SYNC]", help="Id of one sync; without it, all of them.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show all syncs, or one with its map and its last run: how far it is, how fast, who was skipped."""
    if watch and (as_json or not err.is_terminal):
        raise typer.BadParameter("watching is for people on a terminal; programs ask again", param_hint="--watch")
    settings = context.settings()
    if watch:
        return asyncio.run(_watch(settings, sync_id))
    found, run, wrong = context.stored(settings, lambda stores: _look(stores, sync_id))
    if as_json:
        told = report(run, now()) if run else None
        return print_json({"syncs": found, "problems": wrong, "last_run": run, "report": told})
    if not found:
        return tell("There is no sync yet: `campaigns sync create --help` says how to make one.")
    out.print(_shown(found, run, wrong, one=sync_id is not None))


@app.command()
def runs(
    sync_id: Annotated[str, typer.Argument(metavar="SYNC", help="Id of a sync, be it a deleted one.")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 20,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Show the history of a sync: its runs, the newest first. It stays when the sync is deleted."""
    found = context.stored(context.settings(), lambda stores: stores.sync_runs.history(sync_id, limit))
    if as_json:
        return print_json([report(one, now()) for one in found])
    rows = [sync_view.history_row(one) for one in found]
    if as_csv:
        return print_csv(sync_view.RUN_COLUMNS, rows)
    if not rows:
        return tell(f"Sync {sync_id} has not run yet: `campaigns sync initiate {sync_id}`.")
    out.print(table(f"Runs of {sync_id}", sync_view.RUN_COLUMNS, rows, spare={"took", "unchanged", "why"}))


sync_requests.register(app)
sync_people.register(app)


async def _watch(settings: Settings, sync_id: str | None) -> None:
    async with context.stores(settings) as stores:
        with Live(console=err, auto_refresh=False) as live:
            while True:
                found, run, wrong = await _look(stores, sync_id)
                live.update(_shown(found, run, wrong, one=sync_id is not None), refresh=True)
                await asyncio.sleep(WATCH_S)


async def _look(stores: Stores, sync_id: str | None) -> tuple[list[Sync], Run | None, Mapping[str, Sequence[str]]]:
    one = [await lookup.sync(stores, sync_id)] if sync_id is not None else None
    found = list(one or await stores.syncs.all())
    wrong = {each.id: problems(each, await stores.modules.get(each.module)) for each in found}
    run = await stores.sync_runs.latest(sync_id) if sync_id is not None else None
    return found, run, {key: told for key, told in wrong.items() if told}


def _shown(syncs: Sequence[Sync], run: Run | None, wrong: Mapping[str, Sequence[str]], *, one: bool) -> RenderableType:
    parts = [sync_view.all_syncs(syncs, wrong)]
    if one:
        parts.append(sync_view.field_map(syncs[0]))
    return Group(*parts, *([sync_view.run(run)] if run else []))


def _replaced(what: str, named: Sequence[str] | None, *, none: bool) -> tuple[str, ...] | None:
    """What follows those before; None: they stay."""
    if none and named:
        raise typer.BadParameter(f"it does not go with --{what}: name some, or none", param_hint=f"--no-{what}s")
    return tuple(named) if named else () if none else None


def _stored(settings: Settings, store: Callable[[Stores], Awaitable[Sync]], *, as_json: bool) -> None:
    made = context.stored(settings, store)
    if as_json:
        return print_json(made)
    follows = _NEXT.get(made.status, "initiate {id}").format(id=made.id)
    tell(
        f"Sync {made.id} maps {counted(len(made.field_map), 'field')} of {made.module}. "
        f"Next: `campaigns sync {follows}`"
    )


async def _create(stores: Stores, made: Sync, new_lists: Sequence[str]) -> Sync:
    """The sync with its new lists (R11); when anything is wrong with it, none of them is made."""
    if await stores.syncs.get(made.id) is not None:
        raise InvalidDefinition(f"sync {made.id} exists; change it: campaigns sync edit {made.id}")
    if there := [one for one in new_lists if await stores.lists.get(one)]:
        raise InvalidDefinition("\n".join(f"lists: {one} is there already; name it with --list" for one in there))
    module = await stores.modules.get(made.module)
    usual = module.default_map if module and not made.field_map else made.field_map
    return await _save(stores, replace(made, field_map=usual), new_lists)


async def _edit(stores: Stores, sync_id: str, changed: Callable[[Sync], Sync]) -> Sync:
    known = await lookup.sync(stores, sync_id)
    return await _save(stores, redefined(known, changed(known)))


async def _save(stores: Stores, made: Sync, new_lists: Sequence[str] = ()) -> Sync:
    wrong = [*problems(made, await stores.modules.get(made.module)), *await _unknown(stores, made, new_lists)]
    if wrong:
        raise InvalidDefinition("\n".join(wrong))
    for one in new_lists:
        await stores.lists.add(MailingList(one, one))
    return await stores.syncs.save(made)


async def _unknown(stores: Stores, made: Sync, new_lists: Sequence[str]) -> list[str]:
    """Lists and topics that are not there, each with what makes it."""
    lists = [one for one in made.lists if one not in new_lists and await stores.lists.get(one) is None]
    topics = [one for one in made.topics if one != DEFAULT_TOPIC and await stores.topics.get(one) is None]
    return [
        *(f"lists: there is no list {one}; `campaigns list create {one}` or --new-list {one}" for one in lists),
        *(f"topics: there is no topic {one}; `campaigns topic create {one}`" for one in topics),
    ]
