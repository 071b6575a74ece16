"""Where `campaigns` begins: what stands before every command, and how errors come out."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from cli import worker
from cli.context import ASSUME_YES
from cli.follow import NobodyWorks
from cli.output import err
from config import logging
from config.loading import SettingsInvalid
from config.settings import variable
from domain.errors import CampaignsError, Unavailable

OK, FAILED, USAGE, DEPENDENCY_DOWN = 0, 1, 2, 3


def without_commands() -> typer.Typer:
    app = typer.Typer(
        name="campaigns",
        help="Email campaigns between a CRM and its people: nobody twice, nobody missed, every answer accounted for.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        epilog="Exit codes: 0 ok, 1 failed, 2 wrong usage or settings, 3 a server or the workers are away. "
        "Every setting: docs/configuration.md.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(root)
    return app


def app_for(arguments: list[str]) -> typer.Typer:
    """The app with all commands; for a worker without the others, whose code would be 10 MiB of each process."""
    if arguments[:1] == ["worker"]:
        worker.register(app := without_commands())
        return app
    from cli import main

    return main.app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"crm-campaigns {version('crm-campaigns')}")
        raise typer.Exit


def root(
    amqp_url: Annotated[
        str | None,
        typer.Option(envvar=variable("amqp", "url"), help="RabbitMQ; without one, a private server."),
    ] = None,
    mongo_url: Annotated[
        str | None, typer.Option(envvar=variable("mongo", "url"), help="MongoDB; without one, a private server.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(envvar=variable("mongo", "database"), help="Database in MongoDB.")
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option(envvar=variable("state_dir"), help="Where private servers keep their data.")
    ] = None,
    log_level: Annotated[
        str | None, typer.Option(envvar=variable("log", "level"), help="debug, info, warning or error.")
    ] = None,
    assume_yes: Annotated[
        bool, typer.Option("--assume-yes", envvar=ASSUME_YES, help="Answer every question with yes.")
    ] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Options given here stand over the environment: this process, and those it starts, read them from there."""
    given = {
        variable("amqp", "url"): amqp_url,
        variable("mongo", "url"): mongo_url,
        variable("mongo", "database"): database,
        variable("state_dir"): state_dir,
        variable("log", "level"): log_level,
        ASSUME_YES: "1" if assume_yes else None,
    }
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    # What a command has to say it says itself; workers configure their own logs.
    logging.configure(log_level if log_level in logging.LEVELS else "error")


def run() -> None:
    """Entry point of the `campaigns` script: errors of ours are one clear text, never a traceback."""
    try:
        app_for(sys.argv[1:])(prog_name="campaigns")
    except SettingsInvalid as error:
        _fail(f"Settings are wrong:\n{error}", USAGE)
    except Unavailable as error:
        _fail(f"{error}\n`campaigns check` says what is away and how to mend it.", DEPENDENCY_DOWN)
    except NobodyWorks as error:
        _fail(str(error), DEPENDENCY_DOWN)
    except CampaignsError as error:
        _fail(f"{error}{_more(error)}", FAILED)
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}", FAILED)


def _more(error: CampaignsError) -> str:
    """Where it says more, if anything does."""
    from cli import help_with  # the texts of everything

    found = help_with.of_error(error)
    return f"\n`campaigns help-with {found.name}` says what that means and what to do." if found else ""


def _fail(text: str, code: int) -> None:
    err.print("[bold red]Error:[/]", end=" ")
    err.print(text, markup=False, soft_wrap=True)
    sys.exit(code)
