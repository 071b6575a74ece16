"""Where a command works: the settings, with private servers and keys where none were given.

A command asks for its settings once, before anything else, and hands them on.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

import typer
from pydantic import SecretStr

from cli import audit_trail, embedded, keys
from cli.output import say
from cli.preparation import initialise
from config.keys import KeySettings
from config.loading import load
from config.mail import DkimSettings
from config.settings import PREFIX, Settings
from messages.base import Message
from repositories.stores import Stores
from workers.options import amqp_options, database
from workers.outgoing import outgoing
from workers.publisher import publishing
from workers.resources import new_id, now

T = TypeVar("T")

ASSUME_YES = PREFIX + "ASSUME_YES"
WINDOW = 500  #: messages handed to the publisher at once


def settings() -> Settings:
    """The settings, complete: private servers are started where no URL is given, and bring their own keys.

    Raises:
        SettingsInvalid: names every variable that is wrong.
        CannotStart: the private servers did not come up; says what to type.
    """
    given = load()
    if given.amqp.url is not None and given.mongo.url is not None:
        return _with_keys(given, keys.required(given.keys))
    directory = state_dir(given)
    found = embedded.running(directory)
    completed = _completed(given, found or embedded.up(directory, say=say, assume_yes=assume_yes()), directory)
    if found is None:
        asyncio.run(initialise(completed))
    return completed


def state_dir(given: Settings) -> Path:
    return given.state_dir.absolute() if given.state_dir else embedded.default_state_dir()


def dkim_directory(given: Settings) -> Path:
    """Where DKIM keys are, or would be."""
    return given.dkim.directory or state_dir(given) / "dkim"


def assume_yes() -> bool:
    """Whether questions are answered with yes: by option, by variable, or because nobody is there to ask."""
    return os.environ.get(ASSUME_YES) == "1" or os.environ.get("CI") == "true"


def confirmed(question: str, *, yes: bool) -> bool:
    """The answer to a question: yes when it was said in advance, no where there is nobody to ask."""
    return yes or assume_yes() or (sys.stdin.isatty() and typer.confirm(question, err=True))


@asynccontextmanager
async def stores(given: Settings) -> AsyncIterator[Stores]:
    """Every repository, on one connection that is closed afterwards."""
    found = Stores.of(database(given), feed=given.feed.enabled)
    try:
        await audit_trail.note(given, found)
        yield found
    finally:
        found.close()


def stored(given: Settings, work: Callable[[Stores], Awaitable[T]]) -> T:
    """What `work` makes of the repositories."""

    async def on_stores() -> T:
        async with stores(given) as found:
            return await work(found)

    return asyncio.run(on_stores())


async def publish(given: Settings, messages: Sequence[Message], deadline_s: float = 10.0) -> list[str]:
    """Publish confirmed; the ids of the events.

    Raises:
        BrokerUnavailable: RabbitMQ did not confirm in time.
        Unroutable: no queue takes them; `campaigns init` declares it.
    """
    return await publish_events(given, [(new_id(), message) for message in messages], deadline_s)


async def publish_events(given: Settings, events: Sequence[tuple[str, Message]], deadline_s: float = 10.0) -> list[str]:
    """The same for messages that have ids: equal news are equal events, however often they are published."""
    waiting = iter(events)
    async with publishing(amqp_options(given), "campaigns", deadline_s) as publisher:
        while window := list(islice(waiting, WINDOW)):
            await publisher.publish([outgoing(message, id=id_, time=now()) for id_, message in window])
    return [id_ for id_, _ in events]


def _completed(given: Settings, servers: embedded.Servers, directory: Path) -> Settings:
    amqp_url, mongo_url = SecretStr(servers.amqp_url), SecretStr(servers.mongo_url)
    urls = {
        "amqp": given.amqp.model_copy(update={"url": given.amqp.url or amqp_url}),
        "mongo": given.mongo.model_copy(update={"url": given.mongo.url or mongo_url}),
    }
    return _with_keys(given.model_copy(update=urls), keys.kept(given.keys, directory))


def _with_keys(given: Settings, found: KeySettings) -> Settings:
    return given.model_copy(update={"keys": found, "dkim": _with_directory(given)})


def _with_directory(given: Settings) -> DkimSettings:
    """A directory that was named has to be there; the default one need not."""
    default = dkim_directory(given)
    return given.dkim.model_copy(update={"directory": default}) if default.is_dir() else given.dkim
