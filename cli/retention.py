"""`campaigns retention`: how long what is kept of people is kept, and what goes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

import typer

from cli import context
from cli.arguments import Yes
from cli.output import Json, out, print_json, table, tell
from config.settings import Settings, variable
from domain.errors import NotReady
from domain.retention import Stock
from repositories.stores import Stores
from workers.retention import days, retention

app = typer.Typer(help="How long what is kept of people is kept.", no_args_is_help=True)


@app.command("show")
def show(as_json: Json = False) -> None:
    """Show what there is of each kind, how old it is, and how much goes next."""
    _show(context.settings(), as_json=as_json)


@app.command("apply")
def apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Let everything that is too old go now; worker retention does the same, little by little."""
    settings = context.settings()
    if dry_run:
        return _show(settings, as_json=as_json)
    if not context.confirmed("Let everything that is too old go now?", yes=yes):
        raise NotReady("nobody confirmed, so nothing went; --yes does, --dry-run only tells")
    gone = context.stored(settings, lambda stores: _apply(settings, stores))
    if as_json:
        return print_json(gone)
    told = ", ".join(f"{count:,} {kind}" for kind, count in gone.items() if count)
    tell(f"Gone, or without their words: {told or 'nothing'}.")


async def _apply(settings: Settings, stores: Stores) -> Mapping[str, int]:
    gone = Counter[str]()
    async for kind, count in retention(settings, stores).apply():
        gone[kind] += count
    return gone


def _show(settings: Settings, *, as_json: bool) -> None:
    found = context.stored(settings, lambda stores: retention(settings, stores).show())
    kept = days(settings.retention)
    if as_json:
        return print_json({kind: {"days": kept[kind], **_json(stock)} for kind, stock in found.items()})
    rows = [
        (kind, f"{kept[kind]:g} days" if kept[kind] else "for ever", stock.documents, stock.oldest, _due(stock))
        for kind, stock in found.items()
    ]
    out.print(table("", ("what", "kept", "documents", "oldest", "goes next"), rows))
    feed = f"{settings.feed.keep_days:g} days ({variable('feed', 'keep_days')})"
    if any(stock.estimated for stock in found.values()):
        tell("About: reckoned from a sample, for there are too many to be read now; the oldest is that of the sample.")
    tell(f"Of events and emails only the words go. What the feed told is kept for {feed}, by worker feed.")


def _due(stock: Stock) -> str | int:
    return f"about {stock.due:,}" if stock.estimated else stock.due


def _json(stock: Stock) -> dict[str, object]:
    return {"documents": stock.documents, "oldest": stock.oldest, "due": stock.due, "estimated": stock.estimated}
