"""`campaigns parked`: messages that were given up, why, and what to do with them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer

from cli import audit_trail, context
from cli.ages import ago
from cli.arguments import Yes
from cli.output import Csv, Json, counted, out, print_csv, print_json, say, table, tell
from cli.parked_view import COLUMNS, SPARE, row, shown, summary
from cli.progress import progress
from config.settings import Settings
from domain.errors import CampaignsError
from domain.parked import ParkedMessage, Which
from repositories.stores import Stores
from workers.options import amqp_options
from workers.publisher import publishing
from workers.replay import Replay, readable

INTERRUPTED = 130  #: as a shell says it of Ctrl-C
PUBLISH_S = 10.0

app = typer.Typer(help="Messages that were given up: why, and giving them back or dropping them.", no_args_is_help=True)


def _told(texts: list[str] | None) -> list[str] | None:
    """
    Raises:
        typer.BadParameter: an id is empty, as a variable that nobody set: every id begins so, and all would be meant.
    """
    if not all(text.strip() for text in texts or []):
        raise typer.BadParameter("an id is empty; to mean all, say --all")
    return texts


Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", callback=_told, help="Ids, or beginnings of them.")]
Queue = Annotated[str | None, typer.Option(help="Only those that had come to this queue.")]
Reason = Annotated[str | None, typer.Option(help="Only those with this reason.")]
Type = Annotated[str | None, typer.Option("--type", help="Only messages of this type.")]
Older = Annotated[
    datetime | None,
    typer.Option("--older-than", metavar="AGE", parser=ago, help="Parked longer ago: 90s, 15m, 2h, 7d."),
]
Newer = Annotated[
    datetime | None, typer.Option("--newer-than", metavar="AGE", parser=ago, help="Parked less long ago than that.")
]
All = Annotated[bool, typer.Option("--all", help="Everything that is parked.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would be, and do nothing.")]


class NothingParked(CampaignsError):
    """No parked message is meant, or more than one where one is."""


@app.command("list")
def list_parked(
    ids: Ids = None,
    queue: Queue = None,
    reason: Reason = None,
    type_: Type = None,
    older: Older = None,
    newer: Newer = None,
    limit: Annotated[int, typer.Option(min=0, help="The newest so many; 0: all.")] = 50,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """List parked messages, the newest first."""
    which = Which(tuple(ids or ()), queue, reason, type_, since=newer, before=older)

    async def work(stores: Stores) -> tuple[list[ParkedMessage], int]:
        return list(await stores.parked.page(which, limit=limit)), await stores.parked.count(which)

    found, count = context.stored(context.settings(), work)
    if as_json:
        return print_json([summary(each) for each in found])
    if as_csv:
        return print_csv(COLUMNS, map(row, found))
    if not found:
        return tell("Nothing is parked." if which == Which() else "No parked message is like that.")
    out.print(table(f"{len(found):,} of {counted(count, 'parked message')}", COLUMNS, map(row, found), spare=SPARE))
    tell("campaigns parked show ID says more; parked replay gives back what can work now; parked drop forgets.")


@app.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
    body: Annotated[bool, typer.Option("--body", help="Only the body, every byte of it.")] = False,
    as_json: Json = False,
) -> None:
    """Show one parked message: why, how often, its headers and the beginning of its body."""
    found = context.stored(context.settings(), lambda stores: _one(stores, id_))
    if body:
        sys.stdout.buffer.write(found.body)
    elif as_json:
        print_json({**summary(found), "headers": found.headers, "body": found.body.decode(errors="replace")})
    else:
        out.print(shown(found))


@app.command("replay")
def replay(
    ids: Ids = None,
    queue: Queue = None,
    reason: Reason = None,
    type_: Type = None,
    older: Older = None,
    newer: Newer = None,
    every: All = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give messages back to their queues, under their ids. Interrupted, the same command goes on with the rest."""
    which = _chosen(Which(tuple(ids or ()), queue, reason, type_, since=newer, before=older), every=every)
    audit_trail.about(_subject(which))
    settings = context.settings()
    count, fit = context.stored(settings, lambda stores: _meant(stores, which))
    if count > fit:
        say(f"{counted(count - fit, 'message is', 'messages are')} larger than 1 MiB and would be parked again unread: "
            "look at them with `parked show`, have them published in smaller parts, drop them")  # fmt: skip
    if dry_run:
        return _tell(as_json, "would be replayed", fit)
    done = _replayed(settings, which, fit)
    if done < fit:
        say(f"{counted(fit - done, 'message was', 'messages were')} left: others replay or dropped them, a replay "
            "was killed (try again in two minutes), or their headers cannot be sent on")  # fmt: skip
    _tell(as_json, "replayed", done)


@app.command("drop")
def drop(
    ids: Ids = None,
    queue: Queue = None,
    reason: Reason = None,
    type_: Type = None,
    older: Older = None,
    newer: Newer = None,
    every: All = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Forget messages for good."""
    which = _chosen(Which(tuple(ids or ()), queue, reason, type_, since=newer, before=older), every=every)
    audit_trail.about(_subject(which))
    settings = context.settings()
    count, _ = context.stored(settings, lambda stores: _meant(stores, which))
    if dry_run:
        return _tell(as_json, "would be dropped", count)
    if not context.confirmed(f"Drop {counted(count, 'message')} for good?", yes=yes):
        say("Nothing was dropped.")
        raise typer.Exit(1)
    _tell(as_json, "dropped", context.stored(settings, lambda stores: stores.parked.drop(which)))


def _chosen(which: Which, *, every: bool) -> Which:
    """
    Raises:
        typer.BadParameter: nothing is said of which are meant, or both that and --all.
    """
    if (which == Which()) is not every:
        raise typer.BadParameter("say which: ids, --queue, --reason, --type, --older-than, --newer-than; or --all")
    return which


def _subject(which: Which) -> str:
    """Which are meant, as they were named."""
    if which.ids:
        return f"parked:{audit_trail.named(which.ids)}"
    said = {"queue": which.queue, "reason": which.reason, "type": which.type, "since": which.since}
    told = [f"{name}={value}" for name, value in {**said, "before": which.before}.items() if value is not None]
    return f"parked:{' '.join(told) or 'all'}"


async def _one(stores: Stores, start: str) -> ParkedMessage:
    """
    Raises:
        NothingParked: none has an id that begins so, or several have.
    """
    found = await stores.parked.page(Which((start,)), limit=2)
    if len(found) > 1:
        raise NothingParked(f"several ids begin with {start}: say more of it; `campaigns parked list` shows them")
    whole = await stores.parked.get(found[0].id) if found else None
    if whole is None:
        raise NothingParked(f"there is no parked message {start}; `campaigns parked list` shows what is there")
    return whole


async def _meant(stores: Stores, which: Which) -> tuple[int, int]:
    """How many there are, and how many of them can be replayed.

    Raises:
        NothingParked: there is none.
    """
    if count := await stores.parked.count(which):
        return count, await stores.parked.count(readable(which))
    raise NothingParked("there is no parked message like that; `campaigns parked list` shows what is there")


def _replayed(settings: Settings, which: Which, count: int) -> int:
    done = 0

    def at(so_far: int) -> None:
        nonlocal done
        done = so_far

    try:
        asyncio.run(_replay(settings, which, count, at))
    except KeyboardInterrupt:
        say(f"Stopped after {done:,} of {count:,}; the same command goes on with the rest.")
        raise typer.Exit(INTERRUPTED) from None
    except CampaignsError:
        say(f"{done:,} of {count:,} were replayed; the same command goes on with the rest.")
        raise
    return done


async def _replay(settings: Settings, which: Which, count: int, at: Callable[[int], None]) -> None:
    with progress("Replaying", total=count) as advance:

        def told(done: int) -> None:
            at(done)
            advance(done)

        async with (
            context.stores(settings) as stores,
            publishing(amqp_options(settings), "campaigns", PUBLISH_S) as out_,
        ):
            await Replay(stores.parked, out_)(which, count, told)


def _tell(as_json: bool, what: str, count: int) -> None:
    if as_json:
        return print_json({what.replace(" ", "_"): count})
    tell(f"{counted(count, 'message')} {what}.")
