"""`campaigns catch-mail`: an SMTP server that delivers nothing and keeps what it accepts."""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path
from typing import Annotated

import typer

from cli.output import counted, say
from gateways.catcher import Catcher, CatcherOptions


def register(app: typer.Typer) -> None:
    app.command("catch-mail")(catch_mail)


def catch_mail(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")] = 2525,
    directory: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="A Maildir to keep mails in; without one they are counted."),
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Remove mails that the directory holds from before.")] = False,
) -> None:
    """Run an SMTP server that delivers nothing: for trying things out, never for real mail.

    Who is mailed decides what it says: defer-2.jane@… is accepted at the third try, unknown.jane@… is refused with
    550 5.1.1, full.jane@… with 552, spam.jane@… after DATA; everybody else is accepted.
    """
    if directory is not None and empty:
        for name in ("new", "cur", "tmp"):
            shutil.rmtree(directory / name, ignore_errors=True)
    asyncio.run(_serve(CatcherOptions(host, port, directory)))


async def _serve(options: CatcherOptions) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with Catcher(options) as catcher:
        say(
            f"Catching mail on {options.host}:{catcher.port}"
            + (f" in {options.directory}" if options.directory else "")
            + ". Stop it with Ctrl-C."
        )
        await stopping.wait()
        say(f"{counted(catcher.accepted.total(), 'mail')} accepted for {counted(len(catcher.accepted), 'recipient')}.")
