"""The processes of the demo: each worker one of its own, and the SMTP server that catches the mail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from domain.errors import CampaignsError

STOP_S = 15.0


class ProcessDied(CampaignsError):
    """A process of the demo ended by itself; the text has the end of its log."""


class Processes:
    """Started one by one, stopped together; each writes a log of its own."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = {**os.environ, **environment}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Run `campaigns ARGUMENTS` in a process of its own."""
        with self.log(name).open("wb") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "cli", *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours: we stop them in order
            )

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def check(self) -> None:
        """
        Raises:
            ProcessDied: one of them is not running any more.
        """
        for name, process in self._running.items():
            if process.poll() is not None:
                last = self.log(name).read_text(errors="replace")[-2000:]
                raise ProcessDied(f"{name} ended with exit code {process.returncode}:\n{last}")

    def stop(self) -> dict[str, int]:
        """Ask all to stop, wait, and kill what does not; the exit code of each."""
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        return {name: _ended(process) for name, process in self._running.items()}


def _ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@contextmanager
def processes(logs: Path, environment: Mapping[str, str]) -> Iterator[Processes]:
    """Processes that are gone afterwards, whatever happens."""
    logs.mkdir(parents=True, exist_ok=True)
    running = Processes(logs, environment)
    try:
        yield running
    finally:
        running.stop()
