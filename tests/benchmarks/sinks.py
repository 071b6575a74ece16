"""SMTP servers that take everything and keep nothing: Postfix's smtp-sink, else a catcher of ours."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.embedded import CannotStart
from cli.embedded.install import ensure_packages
from cli.output import say

#: Sessions at once and connections that wait: more than any benchmark opens.
_SESSIONS = "1000"
_LAST = 200  #: bytes at the end of what smtp-sink writes; one count has about forty


@dataclass(frozen=True, slots=True)
class Sink:
    """A sink that runs."""

    name: str  #: which one it is, in words
    counts: Path | None  #: where smtp-sink counts; the catcher tells only at its end

    @property
    def taken(self) -> int | None:
        """How many mails it has taken; None where it does not count."""
        if self.counts is None:
            return None
        with self.counts.open("rb") as counts:
            counts.seek(max(0, counts.seek(0, os.SEEK_END) - _LAST))
            told = re.findall(rb"mesg=(\d+)\r", counts.read())
        return int(told[-1]) if told else 0


@contextmanager
def sink(port: int) -> Iterator[Sink]:
    """A sink that listens on `port`."""
    program = postfix_program("smtp-sink")
    with tempfile.NamedTemporaryFile(prefix="campaigns-sink-") as counts:
        process = subprocess.Popen(
            _command(program, port), stdin=subprocess.DEVNULL, stdout=counts, stderr=subprocess.DEVNULL, close_fds=True
        )
        try:
            _wait_for(port, process)
            yield _described(program, Path(counts.name))
        finally:
            process.kill()
            process.wait()


def _described(program: str | None, counts: Path) -> Sink:
    if program:
        return Sink("smtp-sink (Postfix)", counts)
    return Sink("our own catcher (no smtp-sink here; it is the slower one)", None)


def postfix_program(name: str) -> str | None:
    """Where smtp-sink or smtp-source is, installed when that is possible."""
    if not _found(name):
        try:
            ensure_packages(("postfix",), say=say)
        except CannotStart as error:
            say(f"There is no {name}. {error}")
    return _found(name)


def _found(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _command(program: str | None, port: int) -> list[str]:
    if program is None:
        return [sys.executable, "-m", "cli", "catch-mail", "--port", str(port)]
    return [program, *_as_nobody(), "-c", "-m", _SESSIONS, f"127.0.0.1:{port}", _SESSIONS]


def _as_nobody() -> list[str]:
    """smtp-sink refuses to run as root."""
    return ["-u", "nobody"] if os.geteuid() == 0 else []


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
        time.sleep(0.05)
