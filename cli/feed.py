"""`campaigns feed`: how far the outgoing feed is, and parts of it once more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from cli import context
from cli.output import Json, counted, out, print_json, table, tell
from domain.errors import CampaignsError
from domain.feed import Replay, StreamView
from domain.webhook import Position, rewound
from messages.feed_replay_requested import FeedReplayRequested
from repositories.stores import Stores
from workers.resources import new_id, now

app = typer.Typer(help="The outgoing feed: how far it is, and parts of it once more.", no_args_is_help=True)


class NothingKept(CampaignsError):
    """Nothing of what is to be replayed is kept."""


@dataclass(frozen=True, slots=True)
class _Stands:
    streams: Sequence[StreamView]
    replays: Sequence[Replay]  #: that have not ended
    marked: Mapping[str, int]
    webhook: Mapping[str, Position]


async def _stands(stores: Stores) -> _Stands:
    return _Stands(
        await stores.outbox.view(),
        await stores.replays.open(),
        await stores.feed_marks.waiting(),
        await stores.webhook_positions.load(),
    )


@app.command("show")
def show(as_json: Json = False) -> None:
    """Show each stream: its numbers, what is not published yet, what comes once more, and what stores have marked."""
    stands = context.stored(context.settings(), _stands)
    views, replays, marked, posted = stands.streams, stands.replays, stands.marked, stands.webhook
    if as_json:
        told = {"streams": views, "replays": replays, "marked": marked, "webhook": list(posted.values())}
        return print_json(told)
    out.print(table(counted(len(views), "stream"), _COLUMNS, map(_row, views)))
    if replays:
        out.print(table("Once more", _REPEATED, map(_repeated, replays)))
    if posted:
        out.print(table("Webhook", _POSTED, map(_posted, posted.values())))
    waiting = ", ".join(f"{count:,} {name}" for name, count in marked.items() if count)
    tell(f"Changed and not numbered yet: {waiting or 'nothing'}. `campaigns worker feed` does both.")


@app.command("replay")
def replay(
    stream: Annotated[str, typer.Option(help="campaign:ID, contacts or syncs.")],
    first: Annotated[int, typer.Option("--from", min=1, metavar="N", help="The first number.")],
    last: Annotated[int | None, typer.Option("--to", min=1, metavar="M", help="The last one; default: all.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only to this queue; default: to everybody who follows.")] = None,
    as_json: Json = False,
) -> None:
    """Publish a part of a stream once more, under the same ids and numbers."""
    if last is not None and last < first:
        raise typer.BadParameter(f"--to {last} is before --from {first}")
    given = context.settings()
    view = _known(context.stored(given, lambda stores: stores.outbox.view()), stream, first)
    asked = FeedReplayRequested(
        request_id=new_id(), stream=stream, from_number=first, to_number=last, to_queue=queue, asked_at=now()
    )
    asyncio.run(context.publish(given, [asked]))
    if as_json:
        return print_json(asked)
    begins, ends = max(first, view.first), min(last or view.last, view.last)
    tell(f"Asked for {stream} {begins} to {ends}. Workers feed-replay-requested and feed publish it.")


@app.command("redeliver")
def redeliver(
    stream: Annotated[str, typer.Option(help="campaign:ID, contacts or syncs.")],
    first: Annotated[int, typer.Option("--from", min=1, metavar="N", help="The first number.")],
    as_json: Json = False,
) -> None:
    """Post a stream to the webhook once more from a number on, what was given up too."""

    async def work(stores: Stores) -> Position:
        _known(await stores.outbox.view(), stream, first)
        known = (await stores.webhook_positions.load()).get(stream, Position(stream))
        return await stores.webhook_positions.save(rewound(known, first))

    moved = context.stored(context.settings(), work)
    if as_json:
        return print_json(moved)
    tell(f"Webhook: {stream} goes on with {first}.")


_NAMED = 10  #: numbers that are named of a stream; --json has all
_POSTED = ("stream", "delivered up to", "failures", "again at", "why", "given up")


def _posted(position: Position) -> tuple[str, ...]:
    again = f"{position.next_at:%Y-%m-%d %H:%M:%S}" if position.next_at else ""
    parked = ", ".join(map(str, position.parked[:_NAMED]))
    if len(position.parked) > _NAMED:
        parked += f" and {len(position.parked) - _NAMED:,} more"
    return position.stream, str(position.number), str(position.failures), again, position.why, parked


_REPEATED = ("stream", "from", "to", "queue", "again at", "why it waits")


def _repeated(replay: Replay) -> tuple[str, ...]:
    again = f"{replay.next_at:%Y-%m-%d %H:%M:%S}" if replay.next_at else ""
    to = str(replay.last or "the end")
    return replay.stream, str(replay.position), to, replay.queue or "all", again, replay.why


_COLUMNS = ("stream", "kept from", "last number", "not published", "oldest of them")


def _row(view: StreamView) -> tuple[str, ...]:
    oldest = f"{view.oldest_unpublished_at:%Y-%m-%d %H:%M:%S}" if view.oldest_unpublished_at else ""
    return view.stream, str(view.first), str(view.last), str(view.unpublished), oldest


def _known(views: Sequence[StreamView], stream: str, first: int) -> StreamView:
    """
    Raises:
        NothingKept: there is no such stream, or nothing from that number on.
    """
    found = {view.stream: view for view in views}
    if stream not in found:
        raise NothingKept(f"there is no stream {stream!r}; there are: {', '.join(found) or 'none yet'}")
    view = found[stream]
    if first > view.last or view.first > view.last:
        raise NothingKept(f"{stream}: nothing is kept from {first} on; its last number is {view.last}")
    return view
