"""The `campaigns` command."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from cli import campaign, catch_mail, check, lists, publish, records, servers, status, sync, template, worker
from cli.demo import command as demo
from cli.output import err
from config import logging
from config.settings import SettingsInvalid, variable
from domain.errors import CampaignsError, Unavailable

OK, FAILED, USAGE, DEPENDENCY_DOWN = 0, 1, 2, 3

app = typer.Typer(
    name="campaigns",
    help="Email campaigns between a CRM and its people: nobody twice, nobody missed, every answer accounted for.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 a server is away. Every setting: docs/configuration.md.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(sync.app, name="sync")
app.add_typer(lists.list_app, name="list")
app.add_typer(lists.topic_app, name="topic")
app.add_typer(template.app, name="template")
app.add_typer(campaign.app, name="campaign")
for room in (servers, worker, publish, records, status, check, catch_mail, demo):
    room.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"crm-campaigns {version('crm-campaigns')}")
        raise typer.Exit


@app.callback()
def root(
    amqp_url: Annotated[
        str | None, typer.Option(envvar="CAMPAIGNS_AMQP__URL", help="RabbitMQ; without one, a private server.")
    ] = None,
    mongo_url: Annotated[
        str | None, typer.Option(envvar="CAMPAIGNS_MONGO__URL", help="MongoDB; without one, a private server.")
    ] = None,
    database: Annotated[str | None, typer.Option(envvar="CAMPAIGNS_MONGO__DATABASE", help="Database name.")] = None,
    state_dir: Annotated[
        Path | None, typer.Option(envvar="CAMPAIGNS_STATE_DIR", help="Where private servers keep their data.")
    ] = None,
    log_level: Annotated[
        str | None, typer.Option(envvar="CAMPAIGNS_LOG__LEVEL", help="debug, info, warning or error.")
    ] = None,
    assume_yes: Annotated[
        bool, typer.Option("--assume-yes", envvar="CAMPAIGNS_ASSUME_YES", help="Answer every question with yes.")
    ] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Options given here stand over the environment: this process, and those it starts, read them from there."""
    given = {
        "amqp.url": amqp_url,
        "mongo.url": mongo_url,
        "mongo.database": database,
        "state_dir": state_dir,
        "log.level": log_level,
        "assume_yes": "1" if assume_yes else None,
    }
    for name, value in given.items():
        if value is not None:
            os.environ[variable(*name.split("."))] = str(value)
    logging.configure(log_level if log_level in logging.LEVELS else "warning")


def run() -> None:
    """Entry point of the `campaigns` script: errors of ours are one clear text, never a traceback."""
    try:
        app()
    except SettingsInvalid as error:
        _fail(f"Settings are wrong:\n{error}", USAGE)
    except Unavailable as error:
        _fail(f"{error}\nNothing was lost. `campaigns check` says what is away and how to mend it.", DEPENDENCY_DOWN)
    except CampaignsError as error:
        _fail(str(error), FAILED)
    except KeyboardInterrupt:
        _fail("Interrupted.", 130)


def _fail(text: str, code: int) -> None:
    err.print(f"[bold red]Error:[/] {_escaped(text)}", soft_wrap=True)
    sys.exit(code)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
