"""The workers of a run: processes as `campaigns worker` starts them, killed and started again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.processes import ROOT, Watched

STOP_S = 45.0


class Crew:
    """Several senders, and two processes of everything else that a campaign needs."""

    def __init__(self, directory: Path, environment: Mapping[str, str], watched: Watched, senders: int) -> None:
        self._directory = directory
        self._environment = {**os.environ, **environment}
        self._watched = watched
        self.senders = [f"send-{number}" for number in range(senders)]
        self.others = ["office-0", "office-1"]
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start_all(self) -> None:
        for name in (*self.senders, *self.others):
            self.start(name)

    def start(self, name: str) -> None:
        workers = ("send-batch",) if name in self.senders else ("send-requested", "scheduler")
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "cli", "worker", *workers],
                env=self._environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # Ctrl-C is ours: they are stopped in order
            )  # fmt: skip
        self._watched.add_pid(self._running[name].pid)

    def kill(self, name: str) -> None:
        """Ends it as a power cut would."""
        self._running[name].kill()
        self._running[name].wait()

    def died(self) -> list[str]:
        """Those that ended by themselves, which none ever should."""
        return [name for name, process in self._running.items() if process.poll() is not None]

    def stop_all(self) -> dict[str, int]:
        """SIGTERM for all; exit codes by name."""
        for process in self._running.values():
            process.terminate()
        return {name: _ended(process) for name, process in self._running.items()}

    def last_words(self, name: str) -> str:
        """The end of its log."""
        return self.log(name).read_text(errors="replace")[-2000:]

    def log(self, name: str) -> Path:
        return self._directory / f"{name}.log"


def _ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
