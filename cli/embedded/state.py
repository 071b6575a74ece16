"""The state directory: where the private servers live and what is known of those that run."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cli.embedded.mongodb import MongoDB
from cli.embedded.processes import Process
from cli.embedded.rabbitmq import RabbitMQ, RabbitPorts


def default_state_dir() -> Path:
    """$CAMPAIGNS_STATE_DIR, else crm-campaigns under $XDG_STATE_HOME or ~/.local/state."""
    ours = os.environ.get("CAMPAIGNS_STATE_DIR")
    if ours:
        return Path(ours).absolute()
    states = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(states).absolute() / "crm-campaigns"


@dataclass(frozen=True, slots=True)
class Record:
    """What was started: written as soon as the processes exist, so that a later command can find and end them."""

    rabbit_ports: RabbitPorts
    mongo_port: int
    mongo_cache_gb: float
    mapper: Process
    broker: Process
    store: Process

    def rabbitmq(self, state_dir: Path) -> RabbitMQ:
        """The node that this record is about."""
        return RabbitMQ(state_dir / "rabbitmq", self.rabbit_ports)

    def mongodb(self, state_dir: Path) -> MongoDB:
        """The server that this record is about."""
        return MongoDB(state_dir / "mongodb", self.mongo_port, self.mongo_cache_gb)


def load(state_dir: Path) -> Record | None:
    """The record of what was started last and not stopped since; None when there is none, or none that can be read."""
    try:
        return _record(json.loads(_file(state_dir).read_text()))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def save(state_dir: Path, record: Record) -> None:
    """Replaces the record in one step."""
    new = _file(state_dir).with_suffix(".new")
    new.write_text(json.dumps(asdict(record), indent=2) + "\n")
    new.replace(_file(state_dir))


def forget(state_dir: Path) -> None:
    """Nothing runs any more."""
    _file(state_dir).unlink(missing_ok=True)


@contextmanager
def locked(state_dir: Path, say: Callable[[str], None]) -> Iterator[None]:
    """One command at a time works on the directory; it is made, for us alone, when it is not there."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is starting or stopping these servers; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _file(state_dir: Path) -> Path:
    return state_dir / "servers.json"


def _record(stored: dict[str, Any]) -> Record:
    return Record(
        rabbit_ports=RabbitPorts(**stored["rabbit_ports"]),
        mongo_port=stored["mongo_port"],
        mongo_cache_gb=stored["mongo_cache_gb"],
        mapper=Process(**stored["mapper"]),
        broker=Process(**stored["broker"]),
        store=Process(**stored["store"]),
    )
