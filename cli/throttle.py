"""`campaigns throttle`: how fast all workers together send, what servers slowed down, and limits set by hand."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from cli import context
from cli.output import Json, out, print_json, table, tell
from config.mail import FIRST_RELAY
from config.settings import Settings
from domain.destinations import DestinationGroup
from domain.pacing import Pacing
from domain.throttle import Limits, Standing
from domain.warm_up import WarmUp
from repositories.stores import Stores
from workers.options import pacing, relay_throttle

app = typer.Typer(help="How fast mails are sent, by all workers together.", no_args_is_help=True)

_COLUMNS = ("throttle", "limit /s", "set by hand", "now /s", "connections", "workers", "paused for s")
_SPARE = ("connections", "workers")


def named(text: str) -> str:
    """The throttle that is meant.

    Raises:
        typer.BadParameter: none is called so.
    """
    if text == "relay":
        return relay_throttle(FIRST_RELAY)
    if re.fullmatch(r"relay:[a-z0-9-]+", text):
        return text
    plain = text.lower().removeprefix("group:").removeprefix("domain:")
    if plain in set(DestinationGroup):
        return f"group:{plain}"
    if "." in plain and "@" not in plain:
        return f"domain:{plain}"
    groups = ", ".join(DestinationGroup)
    raise typer.BadParameter(f"{text!r}: say relay, relay:NAME, a group ({groups}), or a recipient's domain")


Name = Annotated[str, typer.Argument(metavar="NAME", callback=named, help="relay, relay:NAME, a group, or a domain.")]


@app.command("show")
def show(as_json: Json = False) -> None:
    """Show all limits, what servers slowed down, and how far sending domains have warmed up."""
    settings = context.settings()

    async def work(stores: Stores) -> tuple[Sequence[Standing], Sequence[WarmUp]]:
        return await stores.throttles.all(), await stores.throttles.warm_ups()

    known, warming = context.stored(settings, work)
    given = pacing(settings)
    throttles = _with_configured(known, given)
    if as_json:
        return print_json({"throttles": throttles, "warm_ups": warming})
    if not throttles and not warming:
        return tell(
            "Nothing is limited and nothing is slowed down. Set a limit: `campaigns throttle set relay --per-s 50`."
        )
    if throttles:
        out.print(table("Throttles", _COLUMNS, [_row(each) for each in throttles], spare=_SPARE))
    if warming:
        rows = [(each.domain, each.number + 1, each.used, each.cap(given.warm_up_caps)) for each in warming]
        out.print(table("Warm-up", ("sending domain", "day", "sent", "cap"), rows))


@app.command("set")
def set_limit(
    name: Name,
    per_s: Annotated[float | None, typer.Option(min=0.01, help="Mails per second.")] = None,
    connections: Annotated[int | None, typer.Option(min=1, help="To a relay, of all workers together.")] = None,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="No limit, whatever the settings say.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="As the settings say.")] = False,
    recover: Annotated[bool, typer.Option("--recover", help="Forget what servers asked for; go on at once.")] = False,
    as_json: Json = False,
) -> None:
    """Set limits above the settings, for all workers within two seconds; what is not named then has no limit."""
    limited = per_s is not None or connections is not None
    if sum((limited, unlimited, reset)) > 1 or not (limited or unlimited or reset or recover):
        raise typer.BadParameter("say one of --per-s and --connections, --unlimited, --reset; or --recover")
    settings = context.settings()
    _refuse_what_means_nothing(name, connections, settings)

    async def work(stores: Stores) -> Standing:
        if limited or unlimited or reset:
            await stores.throttles.override(name, None if reset else Limits(per_s, connections))
        if recover:
            await stores.throttles.recover(name)
        return next((each for each in await stores.throttles.all() if each.name == name), Standing(name))

    changed = context.stored(settings, work)
    print_json(changed) if as_json else out.print(table("", _COLUMNS, [_row(changed)], spare=_SPARE))


def _refuse_what_means_nothing(name: str, connections: int | None, settings: Settings) -> None:
    relays = [relay_throttle(each) for each in settings.all_relays]
    if name.startswith("relay:") and name not in relays:
        raise typer.BadParameter(f"{name}: the settings have no such relay; there is {', '.join(relays)}")
    if connections is not None and name not in relays:
        raise typer.BadParameter(f"{name}: connections are limited for relays only; there is {', '.join(relays)}")


def _with_configured(known: Sequence[Standing], given: Pacing) -> list[Standing]:
    """Those of the settings too that nobody has asked yet. Small domains only while something holds them up."""
    names = {each.name for each in known}
    fresh = [Standing(name, limits=limits) for name, limits in given.limits.items() if name not in names]
    shown = [each for each in known if not each.name.startswith("domain:") or each.rate or each.override]
    return sorted([*shown, *fresh], key=lambda each: each.name)


def _row(each: Standing) -> tuple[object, ...]:
    limits = each.override or each.limits
    pace = min((rate for rate in (each.rate, limits.per_s) if rate is not None), default=None)
    paused_s = max(0, round(each.until_ms / 1000 - time.time()))
    return (
        each.name,
        limits.per_s or "none",
        each.override is not None,
        "as it can" if pace is None else round(pace, 2),
        limits.connections,
        len(each.takers),
        paused_s or None,
    )
