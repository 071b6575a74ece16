"""Brings the private servers up and down. Repeating either changes nothing."""

from dataclasses import dataclass
from pathlib import Path

from cli.embedded import install, ports, processes, state
from cli.embedded.errors import CannotStart
from cli.embedded.install import Say
from cli.embedded.mongodb import CACHE_GB, MongoDB
from cli.embedded.processes import Process
from cli.embedded.rabbitmq import RabbitMQ, RabbitPorts
from cli.embedded.state import Record
from repositories import replica_set

#: Beside the usual 5672 and 27017, which may be servers of the machine.
AMQP_PORT = 5679
MONGO_PORT = 27027


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers that run and answer."""

    #: With the password of the private node.
    amqp_url: str
    #: Without a database name.
    mongo_url: str
    rabbitmq_version: str
    #: Every process, in the order port mapper, RabbitMQ, MongoDB.
    pids: tuple[int, ...]
    #: RabbitMQ's and MongoDB's.
    logs: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller insists on; None leaves the choice to us."""

    amqp_port: int | None = None
    mongo_port: int | None = None
    mongo_cache_gb: float = CACHE_GB


def up(state_dir: Path, *, say: Say, assume_yes: bool = False, wanted: Wanted | None = None) -> Servers:
    """The servers of this directory, started when they are not running and installed when they are missing.

    Raises:
        CannotStart: something is missing, a port is taken, or a server did not come up; nothing is left running.
    """
    wanted = wanted or Wanted()
    with state.locked(state_dir, say):
        found = running(state_dir)
        if found:
            _check_ports(state_dir, wanted)
            return found
        _stop(state_dir)
        install.ensure_installed(say=say, assume_yes=assume_yes)
        return _start(state_dir, wanted, say)


def down(state_dir: Path, *, say: Say) -> None:
    """Stops the servers of this directory; their data stays. Says so when there are none.

    Raises:
        CannotStop: a process is alive even after SIGKILL.
    """
    if not state_dir.exists():
        say("No servers are running.")
        return
    with state.locked(state_dir, say):
        if state.load(state_dir) is None:
            say("No servers are running.")
            return
        _stop(state_dir)
        say("RabbitMQ and MongoDB are stopped. Their data stays in " + str(state_dir))


def running(state_dir: Path) -> Servers | None:
    """The servers of this directory if all of them run and answer, else None."""
    record = state.load(state_dir)
    if record is None or not all(p.alive for p in (record.mapper, record.broker, record.store)):
        return None
    version = record.rabbitmq(state_dir).version()
    if version is None or not replica_set.is_primary(record.mongo_port):
        return None
    return _describe(state_dir, record, version)


def _start(state_dir: Path, wanted: Wanted, say: Say) -> Servers:
    rabbitmq = RabbitMQ(state_dir / "rabbitmq", _rabbit_ports(wanted, say))
    mongo_port = ports.choose("MongoDB", requested=wanted.mongo_port, preferred=MONGO_PORT, say=say)
    mongodb = MongoDB(state_dir / "mongodb", mongo_port, wanted.mongo_cache_gb)
    say(f"Starting RabbitMQ on port {rabbitmq.ports.amqp} and MongoDB on port {mongodb.port} in {state_dir}")
    try:
        return _launch(state_dir, rabbitmq, mongodb)
    except BaseException:  # Ctrl-C too must leave nothing behind
        _stop(state_dir)
        raise


def _launch(state_dir: Path, rabbitmq: RabbitMQ, mongodb: MongoDB) -> Servers:
    """Both start at the same time; what runs is on record before anybody waits for it."""
    mapper, broker = rabbitmq.launch()
    try:
        store = mongodb.launch()
    except BaseException:
        _end(mapper, broker)
        raise
    record = Record(rabbitmq.ports, mongodb.port, mongodb.cache_gb, mapper, broker, store)
    state.save(state_dir, record)
    mongodb.wait_ready(store)
    rabbitmq.wait_ready(broker)
    return _describe(state_dir, record, rabbitmq.version() or "unknown")


def _rabbit_ports(wanted: Wanted, say: Say) -> RabbitPorts:
    amqp = ports.choose("RabbitMQ", requested=wanted.amqp_port, preferred=AMQP_PORT, say=say)
    return RabbitPorts(amqp=amqp, distribution=ports.any_free(), epmd=ports.any_free())


def _check_ports(state_dir: Path, wanted: Wanted) -> None:
    record = state.load(state_dir)
    assert record is not None
    for name, port, asked in (
        ("RabbitMQ", record.rabbit_ports.amqp, wanted.amqp_port),
        ("MongoDB", record.mongo_port, wanted.mongo_port),
    ):
        if asked not in (None, port):
            raise CannotStart(f"{name} already runs on port {port}. To move it, stop it first:\n  campaigns down")


def _stop(state_dir: Path) -> None:
    """Ends whatever is left of the last start; both servers get their signal before either is waited for."""
    record = state.load(state_dir)
    if record is None:
        return
    processes.ask_to_stop(record.broker)
    processes.ask_to_stop(record.store)
    processes.stop(record.store)
    _end(record.mapper, record.broker)
    state.forget(state_dir)


def _end(mapper: Process, broker: Process) -> None:
    """The port mapper goes last: the node takes its leave from it."""
    processes.stop(broker)
    processes.kill(mapper)


def _describe(state_dir: Path, record: Record, version: str) -> Servers:
    rabbitmq, mongodb = record.rabbitmq(state_dir), record.mongodb(state_dir)
    return Servers(
        amqp_url=rabbitmq.url,
        mongo_url=mongodb.url,
        rabbitmq_version=version,
        pids=(record.mapper.pid, record.broker.pid, record.store.pid),
        logs=(rabbitmq.log, mongodb.log),
    )
