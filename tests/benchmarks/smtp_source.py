"""What C does on the same wire: Postfix's smtp-source, sending one ready mail again and again."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import tempfile
import time

from domain.assembly import OutgoingMail
from tests.benchmarks.bare_smtp import CONNECTIONS
from tests.benchmarks.measured import Run


async def send(program: str, port: int, mail: OutgoingMail, count: int) -> Run:
    """As many sessions as the bare loop, each kept open; it knows no PIPELINING (smtp-source(1))."""
    with tempfile.NamedTemporaryFile(suffix=".eml") as file:
        file.write(mail.raw.replace(b"\r\n", b"\n"))  # it writes the line ends and the dots itself
        file.flush()
        command = [
            program, "-d", "-N", "-s", str(CONNECTIONS), "-m", str(count), "-F", file.name,
            "-f", mail.sender, "-t", mail.recipient, f"127.0.0.1:{port}",
        ]  # fmt: skip
        return await asyncio.to_thread(_timed, command, count)


def _timed(command: list[str], count: int) -> Run:
    cpu_s, began = _children_s(), time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return Run(count, time.perf_counter() - began, _children_s() - cpu_s)


def _children_s() -> float:
    """User and system time of child processes that have ended: of this one alone, as no other ends meanwhile."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
