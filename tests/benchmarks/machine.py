"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

_PACKAGES = ("aio-pika", "aiosmtplib", "motor", "pymongo", "uvloop", "pydantic", "minijinja")


def described(rabbitmq: str, mongodb: str) -> dict[str, str]:
    """Hardware, load and versions, a line each; `rabbitmq` and `mongodb` are the servers' versions."""
    memory_gib = psutil.virtual_memory().total / 2**30
    load = " ".join(f"{each:.2f}" for each in os.getloadavg())
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} "
        f"{platform.release()}",
        "load": f"{load} over 1, 5 and 15 minutes before the first run; servers, workers and sink share the machine",
        "servers": f"RabbitMQ {rabbitmq}, MongoDB {mongodb}",
        "python": f"{platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "commit": _commit(),
    }


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.processor() or platform.machine()


def _commit() -> str:
    try:
        run = subprocess.run(
            ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, timeout=10
        )
    except OSError:
        return "unknown"
    return run.stdout.strip() or "unknown"
