"""Every process of a run is on a list in its directory, so that none outlives it, even when the run itself is killed.

`python -m tests.chaos.processes DIRECTORY` is the guard: it waits for the end of its standard input, then ends those
that are listed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import psutil

from cli.embedded import processes
from cli.embedded.processes import Process

ROOT = Path(__file__).parents[2]


class Watched:
    """The list of one run."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._list = directory / "processes"

    def add(self, process: Process) -> Process:
        with self._list.open("a") as file:
            file.write(json.dumps(asdict(process)) + "\n")
        return process

    def add_pid(self, pid: int) -> None:
        with suppress(psutil.NoSuchProcess):
            self.add(Process(pid, psutil.Process(pid).create_time()))

    def end_all(self) -> None:
        """Kills what is left, the last started first."""
        listed = self._list.read_text().splitlines() if self._list.exists() else []
        for line in reversed(listed):
            processes.kill(Process(**json.loads(line)))


@contextmanager
def watched(directory: Path) -> Iterator[Watched]:
    """A list whose processes are gone after the block, whatever ends it."""
    found = Watched(directory)
    guard = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.processes", str(directory)],
        stdin=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    try:
        yield found
    finally:
        found.end_all()
        guard.communicate()


if __name__ == "__main__":
    sys.stdin.buffer.read()
    Watched(Path(sys.argv[1])).end_all()
