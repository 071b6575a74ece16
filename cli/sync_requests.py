"""`campaigns sync initiate`, `backfill`, `pause`, `resume` and `delete`: ask the workers, then follow them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli import context, lookup, sync_view
from cli.arguments import SyncId, Wait, Yes
from cli.follow import NobodyWorks, not_refused, run_ended
from cli.login import login
from cli.output import Json, out, print_json, say, table, tell
from config.settings import Settings
from domain.errors import Busy, IllegalTransition
from domain.slices import Run
from domain.sync import Sync, SyncStatus
from handlers.sync_moves import SyncMoves
from messages.envelope import SOURCE, identity
from messages.sync_requested import SyncMode, SyncRequested
from repositories.stores import Stores
from workers.sync_requested import sync_initiator, sync_remover, sync_runs

_EVER = datetime.min.replace(tzinfo=UTC)  #: the run is told apart by who asked for it, not by when it began


def register(app: typer.Typer) -> None:
    for command in (initiate, backfill, pause, resume, delete):
        app.command()(command)


def initiate(
    sync_id: SyncId,
    again: Annotated[bool, typer.Option("--again", help="Re-initiate: over all records again.")] = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Run a sync over all records of its module; afterwards every changed record follows at once.

    A run that is under way is gone on with.
    """
    mode = SyncMode.REINITIATE if again else SyncMode.INITIATE
    _ask(SyncRequested(sync_id=sync_id, mode=mode, confirmed_by=login()), wait=wait, as_json=as_json)


def backfill(
    sync_id: SyncId,
    fields: Annotated[
        str, typer.Option(metavar="CRM_FIELD,...", help="Only these fields of the map; else all that were added to it.")
    ] = "",
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Give people who are synced already the values of new fields, and change nothing else of them."""
    named = [name.strip() for name in fields.split(",") if name.strip()]
    _ask(
        SyncRequested(sync_id=sync_id, mode=SyncMode.BACKFILL, fields=named, confirmed_by=login()),
        wait=wait,
        as_json=as_json,
    )


def pause(sync_id: SyncId, as_json: Json = False) -> None:
    """Pause a sync: changes are kept with their records, and reach lists when it is resumed."""

    async def work(stores: Stores) -> Sync:
        await lookup.sync(stores, sync_id)
        return await SyncMoves(stores.syncs, sync_runs(stores)).pause(sync_id)

    found = context.stored(context.settings(), work)
    if as_json:
        return print_json(found)
    tell(f"Sync {sync_id} is paused. `campaigns sync resume {sync_id}` catches up and goes on.")


def resume(sync_id: SyncId, wait: Wait = True, as_json: Json = False) -> None:
    """Go on with a paused sync: a run over all records catches up with what changed in the meantime."""
    _ask(SyncRequested(sync_id=sync_id, mode=SyncMode.RESUME, confirmed_by=login()), wait=wait, as_json=as_json)


def delete(
    sync_id: SyncId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count who would leave which list.")] = False,
    yes: Yes = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Delete a sync for good. People leave the lists that only it put them on; all else of them stays."""
    settings = context.settings()
    certain = not dry_run and (yes or context.assume_yes())  # then nobody has to wait for the counts
    counts = {} if certain else context.stored(settings, lambda stores: _preview(stores, sync_id))
    if dry_run:
        rows = [(name.replace(".", ": "), count) for name, count in counts.items()]
        return print_json(counts) if as_json else out.print(table(f"Deleting {sync_id} would", ("who", "number"), rows))
    leave = sum(count for name, count in counts.items() if name.startswith("left."))
    if not context.confirmed(f"{leave:,} memberships of lists end with sync {sync_id}. Delete it for good?", yes=yes):
        raise IllegalTransition(f"sync {sync_id} stays: nobody confirmed; --yes does")
    request = SyncRequested(sync_id=sync_id, mode=SyncMode.DELETE, confirmed_by=login())
    _ask(request, wait=wait, as_json=as_json, settings=settings)


async def _preview(stores: Stores, sync_id: str) -> dict[str, int]:
    sync = await lookup.sync(stores, sync_id)
    return dict(await sync_remover(stores).preview(sync))


def _ask(request: SyncRequested, *, wait: bool, as_json: bool, settings: Settings | None = None) -> None:
    settings = settings or context.settings()
    found = context.stored(settings, lambda stores: _askable(stores, request))
    [id_] = asyncio.run(context.publish(settings, [request]))
    if not wait:
        say(f"Asked for. `campaigns sync show {request.sync_id}` tells how far it is.")
        return print_json(found) if as_json else None
    run = context.stored(settings, lambda stores: _followed(stores, request, id_))
    print_json(run) if as_json else out.print(sync_view.run(run))


async def _askable(stores: Stores, request: SyncRequested) -> Sync:
    """The sync, looked at before anything is published: what a worker would refuse is said at once."""
    sync = await lookup.sync(stores, request.sync_id)
    if request.mode is not SyncMode.DELETE:
        await sync_initiator(stores).accepted(sync, request)
    return sync


async def _followed(stores: Stores, request: SyncRequested, id_: str) -> Run:
    async def answering() -> Run | None:
        await not_refused(stores, SyncRequested.queue, [id_])
        return await stores.sync_runs.asked(request.sync_id, identity(SOURCE, id_))

    try:
        return await run_ended(answering, _EVER, f"Sync {request.sync_id}: {request.mode}")
    except NobodyWorks:
        sync = await stores.syncs.get(request.sync_id)
        other = await stores.sync_runs.holder(sync.holds) if sync else None
        if sync is None or other is None or sync.status is not SyncStatus.ACTIVE:
            raise
        raise Busy(
            f"it waits in its queue for run {other.id} of sync {other.subject} over the same module and list; "
            "nothing needs to be asked for again"
        ) from None
