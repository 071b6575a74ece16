"""Three private mongods in one replica set, of which the primary can be killed."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from cli.embedded import ports, processes
from cli.embedded.errors import CannotStart
from cli.embedded.mongodb import MongoDB
from cli.embedded.processes import Process
from repositories import replica_set
from tests.chaos.processes import Watched

MEMBERS = 3
#: The others believe after 2 s that a primary is dead; after MongoDB's own 10 s, a run would wait most of its time.
SETTINGS = {"electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500}
PATIENCE_S = 60.0


class ReplicaSet:
    def __init__(self, directory: Path, watched: Watched) -> None:
        self._members = [MongoDB(directory / f"mongod-{n}", ports.any_free()) for n in range(MEMBERS)]
        self._running: dict[int, Process] = {}
        self._watched = watched

    @property
    def url(self) -> str:
        """The address of the set, without a database."""
        hosts = ",".join(f"{ports.LOOPBACK}:{member.port}" for member in self._members)
        return f"mongodb://{hosts}/?replicaSet={replica_set.NAME}"

    def launch(self) -> None:
        for number in range(MEMBERS):
            self._launch(number)

    def wait_ready(self) -> None:
        """Returns when there is a primary and both others follow it."""
        for member in self._members:
            _wait(lambda port=member.port: replica_set.answers(port), f"mongod on port {member.port}")
        first = self._members[0].port
        with MongoClient[dict[str, Any]](ports.LOOPBACK, first, directConnection=True) as client:
            client.admin.command("replSetInitiate", self._config())
            _wait(lambda: _states(client).count("SECONDARY") == MEMBERS - 1, "a replica set of three")

    def kill_primary(self) -> int:
        """Ends the primary as a power cut would; which one it was."""
        number = next(n for n, member in enumerate(self._members) if replica_set.is_primary(member.port))
        processes.kill(self._running[number])
        return number

    def start(self, number: int) -> None:
        """Starts a member again and returns when it answers; it catches up by itself."""
        self._launch(number)
        _wait(lambda: replica_set.answers(self._members[number].port), "the killed mongod")

    def version(self) -> str:
        with MongoClient[dict[str, Any]](self.url) as client:
            return str(client.server_info()["version"])

    def _launch(self, number: int) -> None:
        self._running[number] = self._watched.add(self._members[number].launch())

    def _config(self) -> dict[str, Any]:
        hosts = [{"_id": n, "host": f"{ports.LOOPBACK}:{each.port}"} for n, each in enumerate(self._members)]
        return {"_id": replica_set.NAME, "members": hosts, "settings": SETTINGS}


def _states(client: MongoClient[dict[str, Any]]) -> list[str]:
    with suppress(OperationFailure, PyMongoError):
        return [str(member["stateStr"]) for member in client.admin.command("replSetGetStatus")["members"]]
    return []


def _wait(ready: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        if time.monotonic() > deadline:
            raise CannotStart(f"{what} did not come up within {PATIENCE_S:.0f} s")
        time.sleep(0.1)
