"""Servers for the length of a test session, a benchmark or the demo; gone afterwards, whatever happens."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cli.embedded import ports, processes, servers, state
from cli.embedded.install import Say
from cli.embedded.mongodb import CACHE_GB
from cli.embedded.servers import Servers, Wanted
from cli.embedded.state import Record


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """Running servers and the means to break and mend them. Data, ports and addresses survive each restart."""

    servers: Servers
    state_dir: Path

    def ctl(self, *arguments: str) -> str:
        """Runs `rabbitmqctl` against the broker and returns what it printed."""
        return self._record.rabbitmq(self.state_dir).ctl(*arguments)

    def stop_broker(self) -> None:
        """Stops RabbitMQ in good order."""
        processes.stop(self._record.broker)
        processes.kill(self._record.mapper)

    def kill_broker(self) -> None:
        """Ends RabbitMQ as a power cut would. Quorum queues younger than about a second do not survive it (3.10)."""
        processes.kill(self._record.broker)
        processes.kill(self._record.mapper)

    def start_broker(self) -> None:
        """Starts RabbitMQ again and waits until it takes connections."""
        rabbitmq = self._record.rabbitmq(self.state_dir)
        mapper, broker = rabbitmq.launch()
        state.save(self.state_dir, replace(self._record, mapper=mapper, broker=broker))
        rabbitmq.wait_ready(broker)

    def stop_store(self) -> None:
        """Stops MongoDB in good order."""
        processes.stop(self._record.store)

    def kill_store(self) -> None:
        """Ends MongoDB as a power cut would."""
        processes.kill(self._record.store)

    def start_store(self) -> None:
        """Starts MongoDB again and waits until it takes writes."""
        mongodb = self._record.mongodb(self.state_dir)
        store = mongodb.launch()
        state.save(self.state_dir, replace(self._record, store=store))
        mongodb.wait_ready(store)

    @property
    def _record(self) -> Record:
        record = state.load(self.state_dir)
        assert record is not None, "the servers were taken down while they were in use"
        return record


@contextmanager
def ephemeral(
    state_dir: Path, *, say: Say, assume_yes: bool = False, mongo_cache_gb: float = CACHE_GB
) -> Iterator[Ephemeral]:
    """Fresh, empty servers on free ports. They end with the block, and also when this process is killed.

    Raises:
        CannotStart: something is missing or a server did not come up; nothing is left running.
    """
    servers.down(state_dir, say=_silent)
    for name in ("rabbitmq", "mongodb"):
        shutil.rmtree(state_dir / name, ignore_errors=True)
    wanted = Wanted(ports.any_free(), ports.any_free(), mongo_cache_gb)
    with _guarded(state_dir):
        try:
            yield Ephemeral(servers.up(state_dir, say=say, assume_yes=assume_yes, wanted=wanted), state_dir)
        finally:
            servers.down(state_dir, say=_silent)


@contextmanager
def _guarded(state_dir: Path) -> Iterator[None]:
    """A second process that sees us end, by the pipe we hold, and takes the servers down if we could not."""
    ours = Path(__file__).parents[2]
    guard = subprocess.Popen(
        [sys.executable, "-m", "cli.embedded.guard", str(state_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ours,
        env=os.environ | {"PYTHONPATH": str(ours)},
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.communicate()


def _silent(_: str) -> None:
    return None
