"""`campaigns sync`: what carries the records of a CRM module into mailing lists."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from cli import context, lookup
from cli.follow import run_ended
from cli.output import Json, out, print_json, shown, table
from domain.contact import SubscriptionType
from domain.errors import InvalidDefinition
from domain.module import BUILT_IN
from domain.slices import Run
from domain.sync import Sync, problems
from messages.sync_requested import SyncMode, SyncRequested
from repositories.stores import Stores
from workers.resources import now

app = typer.Typer(help="Syncs: what carries the records of a CRM module into mailing lists.", no_args_is_help=True)
SyncId = Annotated[str, typer.Argument(help="The sync's id.")]

#: Clocks of two machines differ a little.
SKEW = timedelta(seconds=2)


@app.command()
def create(
    sync_id: SyncId,
    module: Annotated[str, typer.Option(help="CRM module, such as Leads. All its records are synced.")],
    list_: Annotated[list[str] | None, typer.Option("--list", help="Target list; may be given several times.")] = None,
    type_: Annotated[
        SubscriptionType, typer.Option("--type", help="Why these people are on the lists.")
    ] = SubscriptionType.MARKETING,
    topic: Annotated[list[str] | None, typer.Option(help="Topic they subscribe to (marketing only).")] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="CRM_FIELD=contact_field", help="One field of the map; default: the module's own."
        ),
    ] = None,
    update_empty_values: Annotated[
        bool, typer.Option(help="Erase here what is erased in the CRM; otherwise our value stays.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Set a sync up and map its fields. Nothing is synced before `campaigns sync initiate`."""
    made = Sync(
        id=sync_id,
        name=sync_id,
        module=module,
        lists=tuple(list_ or ()),
        subscription=type_,
        topics=tuple(topic or ()),
        update_empty_values=update_empty_values,
        field_map=_pairs(map_) if map_ else dict(BUILT_IN[module].default_map) if module in BUILT_IN else {},
    )
    asyncio.run(_store(made))
    print_json(made) if as_json else out.print(
        f"Sync {sync_id} is set up: {len(made.field_map)} fields of {module} mapped. "
        f"Next: `campaigns sync initiate {sync_id}`",
        markup=False,
    )


@app.command()
def initiate(
    sync_id: SyncId,
    again: Annotated[bool, typer.Option("--again", help="Re-initiate: over all records again.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until it is done and report.")] = True,
    as_json: Json = False,
) -> None:
    """Run a sync over all records of its module; afterwards every changed record follows at once."""
    settings, since = context.settings(), now() - SKEW
    mode = SyncMode.REINITIATE if again else SyncMode.INITIATE

    async def work() -> Run | None:
        async with context.stores(settings) as stores:
            await lookup.sync(stores, sync_id)
            await context.publish(settings, [SyncRequested(sync_id=sync_id, mode=mode)])
            if not wait:
                return None
            return await run_ended(lambda: stores.sync_runs.latest(sync_id), since, f"Syncing {sync_id}")

    run = asyncio.run(work())
    if run is None:
        out.print(f"Sync {sync_id} is asked for. `campaigns sync show {sync_id}` follows it.", markup=False)
    else:
        _report(run, as_json=as_json)


@app.command()
def show(
    sync_id: Annotated[str | None, typer.Argument(help="One sync with its last run; without it, all syncs.")] = None,
    as_json: Json = False,
) -> None:
    """Show all syncs, or one with its map and last run."""

    async def work() -> tuple[list[Sync], Run | None]:
        async with context.stores(context.settings()) as stores:
            if sync_id is None:
                return list(await stores.syncs.all()), None
            return [await lookup.sync(stores, sync_id)], await stores.sync_runs.latest(sync_id)

    found, run = asyncio.run(work())
    if as_json:
        print_json({"syncs": found, "last_run": run})
        return
    rows = [(s.id, s.module, ", ".join(s.lists), s.subscription, ", ".join(s.topics), s.status) for s in found]
    out.print(table("Syncs", ("id", "module", "lists", "type", "topics", "status"), rows))
    if sync_id is not None:
        out.print(table("Field map", ("CRM field", "contact field"), found[0].field_map.items()))
    if run is not None:
        _report(run, as_json=False)


async def _store(sync: Sync) -> None:
    async with context.stores(context.settings()) as stores:
        wrong = problems(sync, await stores.modules.get(sync.module))
        wrong += [
            f"lists: there is no list {one}; `campaigns list create {one}`" for one in await _unknown(stores, sync)
        ]
        if wrong:
            raise InvalidDefinition("\n".join(wrong))
        if await stores.syncs.get(sync.id) is not None:
            raise InvalidDefinition(f"sync_id: {sync.id} exists; `campaigns sync show {sync.id}`")
        await stores.syncs.save(sync)


async def _unknown(stores: Stores, sync: Sync) -> list[str]:
    return [one for one in sync.lists if await stores.lists.get(one) is None]


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if wrong := [theirs for theirs, equals, ours in pairs if not (theirs and equals and ours)]:
        raise InvalidDefinition(f"--map {wrong[0]}: write CRM_FIELD=contact_field")
    return {theirs: ours for theirs, _, ours in pairs}


def _report(run: Run, *, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    took = (run.ended_at - run.started_at).total_seconds() if run.ended_at and run.started_at else None
    state = f"done in {took:.1f} s" if took is not None else f"{len(run.done)} of {len(run.ranges)} slices done"
    out.print(table(f"Run {run.id}: {state}", ("records", "number"), _lines(run)))


def _lines(run: Run) -> list[tuple[str, str]]:
    first = ["total", "new", "updated", "unchanged"]
    skipped = sorted(name for name in run.counts if name.startswith("skipped."))
    return [(name.replace("skipped.", "skipped: "), shown(run.counts.get(name, 0))) for name in [*first, *skipped]]
