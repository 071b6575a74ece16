"""`campaigns demo`: the whole way once, on real servers, from a CRM's records to a balanced summary."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli import context, embedded, keys
from cli.demo.looks import Looks
from cli.demo.processes import Processes, processes
from cli.demo.story import Story
from cli.embedded import ports
from cli.output import out, say
from cli.preparation import initialise
from config.loading import load
from workers.catalog import WORKERS

ORGANISATION = {
    "CAMPAIGNS_ORGANISATION__NAME": "Northwind Traders Ltd",
    "CAMPAIGNS_ORGANISATION__POSTAL_ADDRESS": "1 Harbour Street, 21120 Malmo, Sweden",
    "CAMPAIGNS_WEB__PUBLIC_URL": "https://news.northwind.example",
}
#: Seconds where real life has a quarter of an hour to twelve hours, and gives up after three days.
IMPATIENCE = {
    "CAMPAIGNS_SENDING__RETRY_DELAYS_S": "[1.5, 2, 2]",
    "CAMPAIGNS_SENDING__GIVE_UP_S": "5",
    "CAMPAIGNS_SENDING__TICK_S": "0.5",
    "CAMPAIGNS_SENDING__STALL_S": "10",
    "CAMPAIGNS_WORKERS__RETRY_DELAYS_S": "[1, 5, 30]",
}


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    size: Annotated[int, typer.Option(min=100, max=200_000, help="People in the CRM.")] = 2000,
    attach: Annotated[
        bool, typer.Option("--attach", help="Use the servers, workers and relay that the settings name.")
    ] = False,
) -> None:
    """Run the main job on a CRM of made-up people, show it, and leave nothing running.

    Starts private servers, every worker as a process of its own and an SMTP server that accepts, defers and refuses;
    imports the CRM, syncs it, creates, reviews and sends a campaign, lets people answer, and balances the books.
    """
    began = time.monotonic()
    place = context.state_dir(load()) / "demo"
    patience_s = 60 + size / 100
    if attach:
        Story(size, place, None, Looks(context.settings(), None, patience_s)).tell()
        return
    with _everything(place) as running:
        Story(size, place, place / "mails", Looks(context.settings(), running, patience_s)).tell()
    out.print(f"\nDone in {time.monotonic() - began:.0f} s. Nothing is left running.", style="bold")


@contextmanager
def _everything(place: Path) -> Iterator[Processes]:
    """Servers, catcher and workers of our own; this process works with them as well."""
    (place / "mails").mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="campaigns-demo-") as directory,
        embedded.ephemeral(Path(directory), say=say, assume_yes=context.assume_yes()) as ephemeral,
    ):
        smtp_port = ports.any_free()
        environment = _environment(ephemeral.servers, smtp_port)
        os.environ.update(environment)
        with processes(place / "logs", environment) as running:
            _start(running, place / "mails", smtp_port)
            yield running


def _environment(servers: embedded.Servers, smtp_port: int) -> dict[str, str]:
    return {
        "CAMPAIGNS_AMQP__URL": servers.amqp_url,
        "CAMPAIGNS_MONGO__URL": servers.mongo_url,
        "CAMPAIGNS_MONGO__DATABASE": "campaigns_demo",
        "CAMPAIGNS_SMTP__HOST": "127.0.0.1",
        "CAMPAIGNS_SMTP__PORT": str(smtp_port),
        "CAMPAIGNS_KEYS__ADDRESS": keys.new_key(),
        "CAMPAIGNS_KEYS__TOKENS": keys.new_key(),
        **ORGANISATION,
        **IMPATIENCE,
    }


def _start(running: Processes, mails: Path, smtp_port: int) -> None:
    out.print("\n[bold]Starting the workers, each as a process of its own[/]")
    asyncio.run(initialise(context.settings()))
    running.start("catcher", "catch-mail", "--port", str(smtp_port), "--directory", str(mails), "--empty")
    for name in WORKERS:
        running.start(name, "worker", name)
    say(f"{', '.join(WORKERS)}; logs in {running.log('catcher').parent}")
