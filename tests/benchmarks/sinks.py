"""SMTP servers that take everything and keep nothing: Postfix's smtp-sink, else a catcher of ours."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cli.embedded import CannotStart
from cli.embedded.install import ensure_packages
from cli.output import say

#: Sessions at once and connections that wait: more than any benchmark opens.
_SESSIONS = "1000"


@contextmanager
def sink(port: int) -> Iterator[str]:
    """A sink that listens on `port`; which one it is, in words."""
    program = _smtp_sink()
    command = [program, *_as_nobody(), "-m", _SESSIONS, f"127.0.0.1:{port}", _SESSIONS] if program else _catcher(port)
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=True
    )
    try:
        _wait_for(port, process)
        yield "smtp-sink (Postfix)" if program else "our own catcher (no smtp-sink here; it is the slower one)"
    finally:
        process.kill()
        process.wait()


def _smtp_sink() -> str | None:
    """The program, installed when that is possible."""
    if not _found():
        try:
            ensure_packages(("postfix",), say=say)
        except CannotStart as error:
            say(f"Without smtp-sink, a sink of our own is used. {error}")
    return _found()


def _found() -> str | None:
    return shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _as_nobody() -> list[str]:
    """smtp-sink refuses to run as root."""
    return ["-u", "nobody"] if os.geteuid() == 0 else []


def _catcher(port: int) -> list[str]:
    return [sys.executable, "-m", "cli", "catch-mail", "--port", str(port)]


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
