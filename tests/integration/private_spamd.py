"""A real spamd of the test's own: SpamAssassin with the rules that its package brings, without a network."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from cli.embedded.ports import any_free
from tests.integration.system_program import program
from tests.waiting import wait_for

#: Neither the network nor what other mail taught it decides: the same mail has the same points everywhere.
CONFIGURATION = ("use_bayes 0", "dns_available no", "skip_rbl_checks 1", "score NO_RELAYS 0", "score NO_RECEIVED 0")


@contextmanager
def spamd() -> Iterator[int]:
    """The port of one that runs. Skips the test, saying why, where there can be none."""
    port = any_free()
    settings = [f"--cf={line}" for line in CONFIGURATION]
    user = ["--username=nobody"] if os.geteuid() == 0 else []
    command = [
        program("spamd"),
        "--local",
        "--nouser-config",
        "--listen=127.0.0.1",
        f"--port={port}",
        "--max-children=1",
    ]
    with subprocess.Popen(
        [*command, *user, *settings, "--syslog=null"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            wait_for(lambda: _listens(port), timeout_s=60, what="spamd listens")
            yield port
        finally:
            running.terminate()


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False
