"""Where a command works: the settings, with private servers and keys where none were given."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import typer
from pydantic import SecretStr

from cli import embedded, keys
from cli.output import say
from config.settings import KeySettings, Settings, load
from messages.base import Message
from repositories.stores import Stores
from workers.options import amqp_options, database
from workers.outgoing import outgoing
from workers.publisher import publishing
from workers.resources import new_id, now


def settings(*, quiet: bool = False) -> Settings:
    """The settings, complete: private servers are started where no URL is given, and bring their own keys.

    Raises:
        SettingsInvalid: names every variable that is wrong.
        CannotStart: the private servers did not come up; says what to type.
    """
    given = load()
    if given.amqp.url is not None and given.mongo.url is not None:
        return _with_keys(given, keys.required(given.keys))
    directory = state_dir(given)
    servers = embedded.up(directory, say=(lambda text: None) if quiet else say, assume_yes=assume_yes())
    completed = given.model_copy(
        update={
            "amqp": given.amqp.model_copy(update={"url": given.amqp.url or SecretStr(servers.amqp_url)}),
            "mongo": given.mongo.model_copy(update={"url": given.mongo.url or SecretStr(servers.mongo_url)}),
        }
    )
    return _with_keys(completed, keys.kept(given.keys, directory))


def state_dir(given: Settings) -> Path:
    return given.state_dir or embedded.default_state_dir()


def assume_yes() -> bool:
    """Whether questions are answered with yes: by option, by variable, or because nobody is there to ask."""
    return os.environ.get("CAMPAIGNS_ASSUME_YES") == "1" or os.environ.get("CI") == "true"


def confirmed(question: str, *, yes: bool) -> bool:
    """The answer to a question: yes when it was said in advance, no where there is nobody to ask."""
    return yes or assume_yes() or (sys.stdin.isatty() and typer.confirm(question, err=True))


@asynccontextmanager
async def stores(given: Settings) -> AsyncIterator[Stores]:
    """Every repository, on one connection that is closed afterwards."""
    found = Stores.of(database(given))
    try:
        yield found
    finally:
        found.close()


async def publish(given: Settings, messages: Sequence[Message], deadline_s: float = 10.0) -> list[str]:
    """Publish confirmed; the ids of the events.

    Raises:
        BrokerUnavailable: RabbitMQ did not confirm in time.
        Unroutable: no queue takes them; `campaigns init` declares it.
    """
    ids = [new_id() for _ in messages]
    async with publishing(amqp_options(given), "campaigns", deadline_s) as publisher:
        await publisher.publish(
            [outgoing(message, id=id_, time=now()) for id_, message in zip(ids, messages, strict=True)]
        )
    return ids


def _with_keys(given: Settings, found: KeySettings) -> Settings:
    return given.model_copy(update={"keys": found})


def utc(time: datetime | None) -> datetime | None:
    """A time from the command line: UTC unless it says otherwise."""
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
