"""`campaigns up`, `down`, `init` and `keys`: what has to be there before anything runs."""

from __future__ import annotations

import asyncio

import typer

from cli import context, embedded
from cli.keys import new_key
from cli.output import Json, out, print_json, say
from config.settings import Settings, load
from repositories.indexes import INDEXES, ensure_indexes
from workers.catalog import QUEUES
from workers.declaration import declare
from workers.options import amqp_options, levels_s
from workers.topology import topology


def register(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(down)
    app.command()(init)
    app.command()(keys)


def up(as_json: Json = False) -> None:
    """Start private RabbitMQ and MongoDB servers, and declare everything in them."""
    found = embedded.up(context.state_dir(load()), say=say, assume_yes=context.assume_yes())
    asyncio.run(initialise(context.settings()))
    if as_json:
        print_json(found)
        return
    out.print(f"RabbitMQ {found.rabbitmq_version}: {_without_password(found.amqp_url)}\nMongoDB: {found.mongo_url}")
    out.print("Next: `campaigns worker all` starts the workers, `campaigns down` stops the servers.", markup=False)


def down() -> None:
    """Stop the private servers; their data stays."""
    embedded.down(context.state_dir(load()), say=say)


def init(as_json: Json = False) -> None:
    """Declare exchanges, queues and indexes. Repeating it changes nothing."""
    declared = asyncio.run(initialise(context.settings()))
    if as_json:
        print_json(declared)
        return
    out.print(f"{declared['queues']} queues and {declared['indexes']} indexes are in place.")


async def initialise(settings: Settings) -> dict[str, int]:
    """Declare everything; how many queues and indexes there are then."""
    wanted = topology(QUEUES, levels_s(settings))
    await declare(amqp_options(settings), wanted)
    async with context.stores(settings) as stores:
        await ensure_indexes(stores.database)
    return {"queues": len(wanted.queues), "indexes": len(INDEXES)}


def keys() -> None:
    """Print new keys for a deployment, as lines of `.env`. Back them up."""
    typer.echo(f"CAMPAIGNS_KEYS__ADDRESS={new_key()}\nCAMPAIGNS_KEYS__TOKENS={new_key()}")


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
