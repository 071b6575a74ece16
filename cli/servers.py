"""`campaigns up`, `down`, `init` and `keys`: what has to be there before anything runs."""

from __future__ import annotations

import asyncio

import typer

from cli import context, embedded
from cli.keys import new_key
from cli.output import Json, print_json, say, tell
from cli.preparation import initialise
from config.loading import load
from config.settings import variable


def register(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(down)
    app.command()(url)
    app.command()(init)
    app.command()(keys)


def up(as_json: Json = False) -> None:
    """Start private RabbitMQ and MongoDB servers, and declare everything in them."""
    given = load()
    if given.amqp.url is not None and given.mongo.url is not None:
        names = f"{variable('amqp', 'url')} and {variable('mongo', 'url')}"
        raise typer.BadParameter(f"{names} name servers, so none is started here. Prepare them: campaigns init")
    found = embedded.up(context.state_dir(given), say=say, assume_yes=context.assume_yes())
    asyncio.run(initialise(context.settings()))
    if as_json:
        return print_json(found)
    tell(f"RabbitMQ {found.rabbitmq_version}: {_without_password(found.amqp_url)}")
    tell(f"MongoDB: {found.mongo_url}")
    tell("For programs of your own, `campaigns url` prints RabbitMQ's URL with its password.")
    tell("Next: `campaigns worker all` starts the workers, `campaigns down` stops the servers.")


def url(as_json: Json = False) -> None:
    """Print RabbitMQ's URL with its password, for programs of your own."""
    amqp = context.settings().amqp.url
    assert amqp is not None, "settings are completed before they are used"
    print_json({"amqp_url": amqp.get_secret_value()}) if as_json else tell(amqp.get_secret_value())


def down() -> None:
    """Stop the private servers; their data stays."""
    embedded.down(context.state_dir(load()), say=say)


def init(as_json: Json = False) -> None:
    """Declare exchanges, queues and indexes. Repeating it changes nothing."""
    declared = asyncio.run(initialise(context.settings()))
    if as_json:
        return print_json(declared)
    tell(f"{declared['queues']} queues and {declared['indexes']} indexes are in place.")


def keys(as_json: Json = False) -> None:
    """Print new keys for a deployment, as lines of `.env`. Back them up."""
    made = {variable("keys", name): new_key() for name in ("address", "tokens")}
    if as_json:
        return print_json(made)
    for name, key in made.items():
        typer.echo(f"{name}={key}")


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
