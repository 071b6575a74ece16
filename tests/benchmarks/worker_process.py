"""One worker process, its processor time, and what it says of itself on its health port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psutil

from cli.embedded import ports
from tests.benchmarks.house import House

START_S = 30.0
#: A machine on which it takes longer is out of order, or the worker is.
SLOWEST_PER_S = 20
STOP_S = 30.0


class WorkerFailed(Exception):
    """It did not start, or did not do its work in time; the text has the end of its log."""


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    process: psutil.Popen
    health_port: int

    @property
    def cpu_s(self) -> float:
        """User and system time that it has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def settled(self, queue: str) -> int:
        """How many messages it has acknowledged as done."""
        found = re.search(rf'^campaigns_messages_total{{outcome="done",queue="{queue}"}} (\S+)$', self._metrics(), re.M)
        return int(float(found.group(1))) if found else 0

    @property
    def is_ready(self) -> bool:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            return bool(self._said("/ready"))
        return False

    def _metrics(self) -> str:
        return self._said("/metrics")

    def _said(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}{path}", timeout=10) as answer:
            return str(answer.read().decode())


@contextmanager
def workers(house: House, name: str, count: int = 1, **settings: str) -> Iterator[Sequence[WorkerProcess]]:
    """That many processes of a worker, ready to work; `settings` are environment variables without CAMPAIGNS_.

    Raises:
        WorkerFailed: also when the block ends with a TimeoutError.
    """
    with ExitStack() as stack:
        started = [stack.enter_context(_worker(house, name, settings)) for _ in range(count)]
        for worker in started:
            _wait_until_ready(worker, house, name)
        try:
            yield started
        except TimeoutError as error:
            raise _failed(house, name) from error


@contextmanager
def _worker(house: House, name: str, settings: dict[str, str]) -> Iterator[WorkerProcess]:
    port = ports.any_free()
    own = {"CAMPAIGNS_HEALTH__PORT": str(port), **{f"CAMPAIGNS_{key}": value for key, value in settings.items()}}
    with (house.directory / f"{name}.log").open("ab") as log:
        process = psutil.Popen(
            [sys.executable, "-m", "cli", "worker", name],
            env={**os.environ, **house.environment, **own},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield WorkerProcess(process, port)
    finally:
        _end(process)


def _wait_until_ready(worker: WorkerProcess, house: House, name: str) -> None:
    deadline = time.monotonic() + START_S
    while not worker.is_ready:
        if worker.process.poll() is not None or time.monotonic() > deadline:
            raise _failed(house, name)
        time.sleep(0.05)


def _failed(house: House, name: str) -> WorkerFailed:
    log = (house.directory / f"{name}.log").read_text(errors="replace")
    return WorkerFailed(f"worker {name} did not start, or did not end in time; its log ends:\n{log[-2000:]}")


def _end(process: psutil.Popen) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait()


def patience_s(count: int) -> float:
    """How long to wait for so many emails or events."""
    return START_S + count / SLOWEST_PER_S
