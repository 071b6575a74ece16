"""`campaigns worker`: runs workers until they are told to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import context
from cli.output import say
from config import logging
from domain.errors import CampaignsError
from workers.catalog import WORKERS, run


class UnknownWorker(CampaignsError):
    """A name that is no worker's."""


def register(app: typer.Typer) -> None:
    app.command()(worker)


def worker(
    names: Annotated[list[str], typer.Argument(help=f"{', '.join(WORKERS)}, or all. Several run in one process.")],
) -> None:
    """Run one worker, several, or all of them in this process.

    Start more processes, here or on other machines, to go faster: they share the work. SIGTERM lets them finish what
    they have begun and exit with 0; a second one stops at once.
    """
    wanted = list(WORKERS) if "all" in names else names
    if unknown := [name for name in wanted if name not in WORKERS]:
        raise UnknownWorker(f"no such worker: {', '.join(unknown)}. There are: {', '.join(WORKERS)}, and all")
    settings = context.settings()
    logging.configure(settings.log.level, settings.log.format, worker=",".join(names))
    say(f"Workers: {', '.join(wanted)}. Stop them with Ctrl-C.")
    raise typer.Exit(run(wanted, settings))
