"""`campaigns series review`, `start`, `pause`, `resume`, `stop` and `cancel`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer

from cli import context, lookup, series_views, views
from cli.arguments import SeriesId, Wait, Yes
from cli.campaign_following import Request, followed
from cli.login import login
from cli.output import Json, counted, out, print_json, say
from config.settings import Settings
from domain.campaign import Campaign, CampaignStatus
from domain.errors import IllegalTransition, NotReady
from domain.series import Series, SeriesStatus
from domain.series_next import UNDER_REVIEW, in_status, series_next
from handlers.series_moves import SeriesMoves
from messages.review_requested import ReviewRequested
from repositories.stores import Stores
from workers.review_requested import review_start
from workers.series_saved import children, series_moves

_C = CampaignStatus
Reason = Annotated[str, typer.Option(help="Why; shown wherever the status is.")]
SETTLE_S = 30  #: how long to wait for workers to let go of what they hold


def register(app: typer.Typer) -> None:
    for command in (review, start, pause, resume, stop, cancel):
        app.command()(command)


def review(series_id: SeriesId, yes: Yes = False, wait: Wait = True, as_json: Json = False) -> None:
    """Send every message that is not reviewed for review, each by itself, and follow them. Again: follows them on."""
    settings = context.settings()
    series, drafts = context.stored(settings, lambda stores: _reviewable(stores, settings, series_id))
    question = f"Send {counted(len(drafts), 'message')} of {series_id} for review: {', '.join(drafts)}?"
    if drafts and not context.confirmed(question, yes=yes):
        raise IllegalTransition(f"series {series_id} stays as it is: nobody confirmed; --yes does")
    requests = [_request(child) for child in drafts.values()]
    ids = asyncio.run(context.publish(settings, [each.message for each in requests]))
    if wait and requests:
        context.stored(settings, lambda stores: _followed(stores, requests, ids))
    found = context.stored(settings, lambda stores: children(stores).of(series))
    if as_json:
        print_json(
            {key: {"campaign": each.id, "status": each.status, "report": each.report} for key, each in found.items()}
        )
    else:
        rejected = [found[key] for key in in_status(found, {_C.REJECTED})]
        parts = [part for child in rejected for part in (f"\n{child.id} was rejected.", views.report(child))]
        out.print(series_views.messages(series, found), *parts, series_views.steps(series, series_next(series, found)),
                  sep="\n")  # fmt: skip
    if in_status(found, {_C.REJECTED}):
        raise typer.Exit(1)


def start(series_id: SeriesId, yes: Yes = False, as_json: Json = False) -> None:
    """Start a series whose messages are reviewed: who joins its list from now on goes through it."""
    settings = context.settings()

    async def startable(stores: Stores) -> tuple[Series, int]:
        found = await lookup.series(stores, series_id)
        if found.status is SeriesStatus.DRAFT:
            await series_moves(stores, settings).check(found)
        return found, await stores.contacts.count(found.list_id) if found.existing_members else 0

    found, members = context.stored(settings, startable)
    who = f"who joins list {found.list_id} from now on goes through it"
    who = f"the {counted(members, 'member')} of list {found.list_id} enter, and {who}" if members else who
    if found.status is SeriesStatus.DRAFT and not context.confirmed(f"Start {series_id}: {who}?", yes=yes):
        raise IllegalTransition(f"series {series_id} stays {found.status}: nobody confirmed; --yes does")
    started = context.stored(settings, lambda stores: series_moves(stores, settings).start(series_id))
    _show(settings, started, as_json=as_json)


def pause(series_id: SeriesId, reason: Reason = "paused by hand", as_json: Json = False) -> None:
    """Pause a series with all of its messages. Who is on the way stays where they are."""
    settings = context.settings()
    found = context.stored(settings, lambda stores: series_moves(stores, settings).pause(series_id, reason))
    _show(settings, found, as_json=as_json)


def resume(series_id: SeriesId, as_json: Json = False) -> None:
    """Go on with a paused series: what fell due meanwhile goes out."""
    settings = context.settings()

    async def work(stores: Stores) -> Series:
        found, messages = await series_moves(stores, settings).resume(series_id)
        await context.publish(settings, messages)
        return found

    _show(settings, context.stored(settings, work), as_json=as_json)


def stop(series_id: SeriesId, reason: Reason = "stopped by hand", yes: Yes = False, as_json: Json = False) -> None:
    """End a series for good: whoever is on the way gets nothing more."""
    settings = context.settings()

    async def under_way(stores: Stores) -> tuple[Series, int]:
        found = await lookup.series(stores, series_id)
        return found, (await stores.series_entries.counts(series_id)).under_way

    found, count = context.stored(settings, under_way)
    people = counted(count, "person", "people")
    question = f"{series_id} is {found.status} with {people} on the way, and cannot go on after this. End it?"
    if not context.confirmed(question, yes=yes):
        raise IllegalTransition(f"series {series_id} stays {found.status}: nobody confirmed; --yes does")
    _end(settings, series_id, lambda moves: moves.stop(series_id, reason), as_json=as_json)


def cancel(series_id: SeriesId, reason: Reason = "cancelled by hand", yes: Yes = False, as_json: Json = False) -> None:
    """Give up a series that was never started, and its messages with it. Their ids stay taken."""
    settings = context.settings()
    found = context.stored(settings, lambda stores: lookup.series(stores, series_id))
    question = f"{series_id} is {found.status}, and can never start after this. Cancel it?"
    if found.status is SeriesStatus.DRAFT and not context.confirmed(question, yes=yes):
        raise IllegalTransition(f"series {series_id} stays {found.status}: nobody confirmed; --yes does")
    _end(settings, series_id, lambda moves: moves.cancel(series_id, reason), as_json=as_json)


async def _reviewable(stores: Stores, settings: Settings, series_id: str) -> tuple[Series, dict[str, Campaign]]:
    """The messages that are to be reviewed, or are under review, by key; those that were rejected are drafts again.

    Raises:
        NotReady: what one of them lacks, each with its message.
    """
    series, lacks = await lookup.series(stores, series_id), list[str]()
    found = await series_moves(stores, settings).reviewable(series_id)
    for key, child in found.items():
        try:
            if child.status not in UNDER_REVIEW:
                await review_start(stores, settings).check(child, include_existing_members=False)
        except NotReady as error:
            lacks.append(f"message {key}: {error}")
    if lacks:
        raise NotReady("\n".join(lacks))
    return series, dict(found)


def _request(child: Campaign) -> Request:
    message = ReviewRequested(campaign_id=child.id, confirmed_by=login())
    return Request(child, message, lambda one: one.status is not _C.DRAFT and one.status not in UNDER_REVIEW)


async def _followed(stores: Stores, requests: Sequence[Request], ids: Sequence[str]) -> None:
    for request, id_ in zip(requests, ids, strict=True):
        await followed(stores, request, [id_])


def _end(settings: Settings, series_id: str, move: Callable[[SeriesMoves], Awaitable[bool]], *, as_json: bool) -> None:
    context.stored(settings, lambda stores: _ended(series_moves(stores, settings), series_id, move))
    _show(settings, context.stored(settings, lambda stores: lookup.series(stores, series_id)), as_json=as_json)


async def _ended(moves: SeriesMoves, series_id: str, move: Callable[[SeriesMoves], Awaitable[bool]]) -> None:
    """End it, and wait a while for the workers to let go of what they hold."""
    if await move(moves):
        return
    say("Workers are finishing what they had begun …")
    for _ in range(SETTLE_S):
        await asyncio.sleep(1)
        if await moves.settle(series_id):
            return
    say("Some batches are still held; what is not sent of them is skipped as soon as they are let go of.")


def _show(settings: Settings, series: Series, *, as_json: bool) -> None:
    if as_json:
        return print_json(series)
    found = context.stored(settings, lambda stores: children(stores).of(series))
    out.print(series_views.messages(series, found), series_views.steps(series, series_next(series, found)), sep="\n")
