"""Where the servers of the tests come from: given addresses, else containers, else private processes.

TEST_AMQP_URL, TEST_MONGO_URL  use these; both or neither. TEST_RABBITMQCTL ("docker exec rabbit rabbitmqctl", say)
                               gives each test a virtual host of its own there; without it they share the one named.
TEST_RABBITMQ_IMAGE, TEST_MONGO_IMAGE  images of the containers (rabbitmq:4, mongo:7)
TEST_RABBITMQ                  start script of another RabbitMQ for private servers; deploy/rabbitmq-chroot prints one
TEST_SERVICES                  auto (default), url, docker or native: takes that one, and fails when it is not there
"""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cli import embedded
from tests import containers


class Tier(StrEnum):
    URL = "url"
    DOCKER = "docker"
    NATIVE = "native"


class Control(Protocol):
    """Breaks and mends the servers. Data, ports and addresses survive each restart; starting waits for readiness."""

    def ctl(self, *arguments: str) -> str: ...
    def stop_broker(self) -> None: ...
    def kill_broker(self) -> None: ...
    def start_broker(self) -> None: ...
    def stop_store(self) -> None: ...
    def kill_store(self) -> None: ...
    def start_store(self) -> None: ...


class Restoring:
    """Passes everything on to a control, and starts again what a test that failed half-way left down."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._down: dict[str, Callable[[], None]] = {}

    def ctl(self, *arguments: str) -> str:
        return self._control.ctl(*arguments)

    def stop_broker(self) -> None:
        self._down["broker"] = self._control.start_broker
        self._control.stop_broker()

    def kill_broker(self) -> None:
        self._down["broker"] = self._control.start_broker
        self._control.kill_broker()

    def start_broker(self) -> None:
        self._control.start_broker()
        self._down.pop("broker", None)

    def stop_store(self) -> None:
        self._down["store"] = self._control.start_store
        self._control.stop_store()

    def kill_store(self) -> None:
        self._down["store"] = self._control.start_store
        self._control.kill_store()

    def start_store(self) -> None:
        self._control.start_store()
        self._down.pop("store", None)

    def restore(self) -> None:
        for start in self._down.values():
            start()


@dataclass(frozen=True, slots=True)
class TestedServers:
    """Running servers, and what may be done to them."""

    tier: Tier
    amqp_url: str
    mongo_url: str
    #: `rabbitmqctl`, None when only an address was given.
    ctl: Callable[..., str] | None
    #: None when the servers are not ours to break.
    control: Control | None
    #: As the broker says; None when nobody asked it.
    rabbitmq_version: str | None = None


class ServersMissing(Exception):
    """The servers that TEST_SERVICES or TEST_…_URL ask for cannot be had."""


def forced_tier() -> Tier | None:
    """The tier that the environment insists on, None when it is ours to find."""
    urls = [name for name in ("TEST_AMQP_URL", "TEST_MONGO_URL") if os.environ.get(name)]
    if len(urls) == 1:
        raise ServersMissing(f"only {urls[0]} is set: give TEST_AMQP_URL and TEST_MONGO_URL, or neither")
    asked = os.environ.get("TEST_SERVICES") or "auto"
    if asked == "auto":
        return Tier.URL if urls else None
    if asked not in set(Tier):
        raise ServersMissing(f"TEST_SERVICES={asked}: it is one of auto, {', '.join(Tier)}")
    if asked == Tier.URL and not urls:
        raise ServersMissing("TEST_SERVICES=url needs TEST_AMQP_URL and TEST_MONGO_URL")
    return Tier(asked)


@contextmanager
def servers() -> Iterator[TestedServers]:
    """The servers of this session, gone when it ends unless they were given."""
    tier = forced_tier()
    if tier is None:
        private = bool(os.environ.get("TEST_RABBITMQ")) or containers.reason_against()
        tier = Tier.NATIVE if private else Tier.DOCKER
    with {Tier.URL: _given, Tier.DOCKER: _docker, Tier.NATIVE: _native}[tier]() as found:
        yield found


@contextmanager
def _given() -> Iterator[TestedServers]:
    command = shlex.split(os.environ.get("TEST_RABBITMQCTL", ""))

    def ctl(*arguments: str) -> str:
        return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout

    yield TestedServers(
        Tier.URL, os.environ["TEST_AMQP_URL"], os.environ["TEST_MONGO_URL"], ctl if command else None, None
    )


@contextmanager
def _docker() -> Iterator[TestedServers]:
    reason = containers.reason_against()
    if reason:
        raise ServersMissing(f"TEST_SERVICES=docker: {reason}")
    with containers.running() as started:
        yield TestedServers(Tier.DOCKER, started.amqp_url, started.mongo_url, started.ctl, started)


def take_named_rabbitmq() -> None:
    """Every private RabbitMQ that is started from now on is the one of TEST_RABBITMQ, if that is set."""
    if named := os.environ.get("TEST_RABBITMQ"):
        os.environ["RABBITMQ_SERVER"] = named


@contextmanager
def _native() -> Iterator[TestedServers]:
    take_named_rabbitmq()
    with (
        tempfile.TemporaryDirectory(prefix="campaigns-tests-", ignore_cleanup_errors=True) as directory,
        embedded.ephemeral(Path(directory), say=print) as started,
    ):
        found = started.servers
        yield TestedServers(Tier.NATIVE, found.amqp_url, found.mongo_url, started.ctl, started, found.rabbitmq_version)
