"""The `campaigns` command."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from cli import (
    campaign,
    catch_mail,
    check,
    classify,
    contacts,
    dkim,
    imports,
    in_doubt,
    lists,
    module,
    parked,
    publish,
    servers,
    status,
    suppressions,
    sync,
    template,
    throttle,
    worker,
)
from cli.context import ASSUME_YES
from cli.demo import command as demo
from cli.follow import NobodyWorks
from cli.output import err
from config import logging
from config.loading import SettingsInvalid
from config.settings import variable
from domain.errors import CampaignsError, Unavailable

OK, FAILED, USAGE, DEPENDENCY_DOWN = 0, 1, 2, 3

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
for room in (servers, worker, publish, status, check, classify, catch_mail, demo):
    room.register(app)
app.add_typer(imports.app, name="import")
app.add_typer(sync.app, name="sync")
app.add_typer(module.app, name="module")
app.add_typer(lists.list_app, name="list")
app.add_typer(lists.topic_app, name="topic")
app.add_typer(contacts.app, name="contact")
app.add_typer(suppressions.app, name="suppression")
app.add_typer(template.app, name="template")
app.add_typer(campaign.app, name="campaign")
app.add_typer(throttle.app, name="throttle")
app.add_typer(dkim.app, name="dkim")
app.add_typer(parked.app, name="parked")
app.add_typer(in_doubt.app, name="in-doubt")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"crm-campaigns {version('crm-campaigns')}")
        raise typer.Exit


@app.callback()
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
        app(prog_name="campaigns")
    except SettingsInvalid as error:
        _fail(f"Settings are wrong:\n{error}", USAGE)
    except Unavailable as error:
        _fail(f"{error}\n`campaigns check` says what is away and how to mend it.", DEPENDENCY_DOWN)
    except NobodyWorks as error:
        _fail(str(error), DEPENDENCY_DOWN)
    except CampaignsError as error:
        _fail(str(error), FAILED)
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}", FAILED)


def _fail(text: str, code: int) -> None:
    err.print("[bold red]Error:[/]", end=" ")
    err.print(text, markup=False, soft_wrap=True)
    sys.exit(code)
