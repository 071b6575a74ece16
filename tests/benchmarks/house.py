"""Servers for a benchmark, a database of its own on them, and the settings of this process and of its workers."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pymongo
from aio_pika import connect

from cli import context, keys
from cli.demo.command import IMPATIENCE, ORGANISATION
from cli.embedded import ports
from cli.preparation import initialise
from config.settings import Settings
from tests import shared_vhost
from tests.servers import TestedServers, servers
from tests.vhosts import Vhosts


@dataclass(frozen=True, slots=True)
class House:
    """Queues and indexes are in place; no worker runs."""

    settings: Settings
    environment: Mapping[str, str]  #: for processes, beside this process's own
    directory: Path  #: for logs and the like; gone afterwards
    smtp_port: int  #: where the workers find their relay; nothing listens yet


@dataclass(frozen=True, slots=True)
class Ground:
    """Servers that houses are built on."""

    servers: TestedServers
    vhosts: Vhosts | None

    def versions(self) -> tuple[str, str]:
        """RabbitMQ's and MongoDB's."""
        with pymongo.MongoClient[dict[str, object]](self.servers.mongo_url) as client:
            return asyncio.run(_rabbitmq_version(self.servers.amqp_url)), str(client.server_info()["version"])

    @contextmanager
    def house(self, *, impatient: bool = False) -> Iterator[House]:
        """An empty house; this process's environment is its own meanwhile.

        On the default pace of the settings, or on the demo's: seconds where real life has hours.
        """
        database, before = f"bench_{uuid.uuid4().hex[:12]}", dict(os.environ)
        smtp_port = ports.any_free()
        environment = {
            "CAMPAIGNS_AMQP__URL": self._vhost(),
            "CAMPAIGNS_MONGO__URL": self.servers.mongo_url,
            "CAMPAIGNS_MONGO__DATABASE": database,
            "CAMPAIGNS_SMTP__HOST": "127.0.0.1",
            "CAMPAIGNS_SMTP__PORT": str(smtp_port),
            "CAMPAIGNS_KEYS__ADDRESS": keys.new_key(),
            "CAMPAIGNS_KEYS__TOKENS": keys.new_key(),
            "CAMPAIGNS_LOG__LEVEL": "warning",
            **ORGANISATION,
            **(IMPATIENCE if impatient else {}),
        }
        with tempfile.TemporaryDirectory(prefix="campaigns-bench-") as directory:
            try:
                os.environ.update(environment)
                settings = context.settings()
                asyncio.run(initialise(settings))
                yield House(settings, environment, Path(directory), smtp_port)
            finally:
                os.environ.clear()
                os.environ.update(before)
                with pymongo.MongoClient[dict[str, object]](self.servers.mongo_url) as client:
                    client.drop_database(database)

    def _vhost(self) -> str:
        if self.vhosts:
            return self.vhosts.take()
        asyncio.run(shared_vhost.empty(self.servers.amqp_url))
        return self.servers.amqp_url


@contextmanager
def ground() -> Iterator[Ground]:
    """The servers that the tests would take as well (tests/servers.py)."""
    with redirect_stdout(sys.stderr):
        started = servers()
        found = started.__enter__()
    try:
        yield Ground(found, Vhosts(found.amqp_url, found.ctl) if found.ctl else None)
    finally:
        with redirect_stdout(sys.stderr):
            started.__exit__(None, None, None)


async def _rabbitmq_version(amqp_url: str) -> str:
    async with await connect(amqp_url) as connection:
        transport = connection.transport
        assert transport is not None
        return str(transport.connection.server_properties.get("version", "unknown"))
