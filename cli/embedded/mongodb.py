"""A MongoDB replica set of one member, in a directory of our own."""

import os
from dataclasses import dataclass
from pathlib import Path

from cli.embedded import executables, processes
from cli.embedded.errors import CannotStart
from cli.embedded.ports import LOOPBACK
from cli.embedded.processes import Process
from domain.errors import StoreUnavailable
from repositories import replica_set

START_TIMEOUT_S = 60.0
#: The least that the server takes, so that a laptop keeps its memory.
CACHE_GB = 0.25


@dataclass(frozen=True, slots=True)
class MongoDB:
    """One private mongod. It is started and stopped here; whether it runs is asked of the system each time."""

    home: Path
    port: int
    cache_gb: float = CACHE_GB

    @property
    def url(self) -> str:
        """The address of the replica set, without a database."""
        return f"mongodb://{LOOPBACK}:{self.port}/?replicaSet={replica_set.NAME}"

    @property
    def log(self) -> Path:
        """Everything the server writes."""
        return self.home / "mongod.log"

    def launch(self) -> Process:
        """Starts the server and returns at once; `wait_ready` waits for it."""
        data = self.home / "data"
        data.mkdir(parents=True, exist_ok=True)
        program = executables.mongod()
        if program is None:
            raise CannotStart("mongod is not installed. Type:\n  campaigns up")
        return processes.launch(
            [program, *self._options(data)], home=self.home, log=self.log, env=os.environ | {"HOME": str(self.home)}
        )

    def wait_ready(self, server: Process) -> None:
        """Returns when writes are taken: started, initiated as a replica set, elected. Raises CannotStart."""
        processes.wait_until(
            lambda: replica_set.answers(self.port),
            server,
            name=f"MongoDB (port {self.port})",
            timeout_s=START_TIMEOUT_S,
            explain=self._complaints,
        )
        try:
            replica_set.ensure_primary(self.port, timeout_s=START_TIMEOUT_S)
        except StoreUnavailable as error:
            raise CannotStart(f"MongoDB became no primary: {error}\n{self._complaints()}") from error

    def _complaints(self) -> str:
        """Errors and fatal errors of the log: the last lines are only about how it shuts down."""
        return processes.tail(self.log, lambda line: '"s":"E"' in line or '"s":"F"' in line)

    def _options(self, data: Path) -> list[str]:
        return [
            *("--dbpath", str(data), "--port", str(self.port), "--bind_ip", LOOPBACK, "--nounixsocket"),
            *("--replSet", replica_set.NAME, "--oplogSize", "256"),
            *("--wiredTigerCacheSizeGB", str(self.cache_gb)),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # A lone member has nobody to hand over to: it need not wait 15 s for that.
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        ]
