"""`campaigns worker`: runs workers until they are told to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import context
from cli.output import say
from config import logging
from workers.catalog import WORKERS, run

ALL = "all"


def register(app: typer.Typer) -> None:
    app.command()(worker)


def known_names(names: list[str]) -> list[str]:
    """Every name in its place, `all` spelt out.

    Raises:
        typer.BadParameter: there is no such worker.
    """
    if unknown := [name for name in names if name not in WORKERS and name != ALL]:
        raise typer.BadParameter(f"no such worker: {', '.join(unknown)}. There are: {', '.join(WORKERS)}, and {ALL}")
    return list(WORKERS) if ALL in names else list(dict.fromkeys(names))


def worker(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME", callback=known_names, help=f"{', '.join(WORKERS)}, or {ALL}."),
    ],
) -> None:
    """Run one worker, several, or all of them in this process.

    Start more processes, here or on other machines, to go faster: they share the work. SIGTERM lets them finish what
    they have begun and exit with 0; a second one stops at once.
    """
    settings = context.settings()
    label = ALL if names == list(WORKERS) else ",".join(names)
    logging.configure(settings.log.level, settings.log.format, worker=label)
    say(f"Workers: {', '.join(names)}. Stop them with Ctrl-C.")
    raise typer.Exit(run(names, settings))
