"""`python -m tests.matrix`, or `make test-matrix`: everything that speaks to RabbitMQ, on 3.10 and on 4.x.

The first row is the RabbitMQ of this machine. The second is Debian's in a chroot (deploy/rabbitmq-chroot; root and
debootstrap are needed, five minutes the first time), or the image of TEST_RABBITMQ_IMAGE where an engine has it.
Exit code 0: all passed; 1: something failed; 3: a row cannot be had here, and says why.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.output import out, say, table, tell
from tests import containers

ROOT = Path(__file__).parents[2]
SPEAKING = ("tests/integration", "tests/contracts", "tests/embedded/test_up_and_down.py")
CHROOT = ROOT / "deploy" / "rabbitmq-chroot"
MISSING = 3

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a row runs, or why it cannot."""

    name: str
    environment: Mapping[str, str]
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    broker: str
    result: str
    code: int
    seconds: float


@app.command()
def main(
    paths: Annotated[list[str] | None, typer.Argument(help="Tests; all that speak to RabbitMQ if not said.")] = None,
    directory: Annotated[Path | None, typer.Option(help="Of the chroot.", envvar="TEST_MATRIX_CHROOT")] = None,
) -> None:
    """Run the tests that speak to RabbitMQ on each version."""
    rows = [_run(each, paths or SPEAKING) for each in (_own(), _newer(directory or _usual_place()))]
    out.print(table("", ("RabbitMQ", "version", "result", "seconds"), [_shown(row) for row in rows]))
    worst = max((row.code for row in rows if row.code != MISSING), default=0)
    missing = MISSING if any(row.code == MISSING for row in rows) else 0
    raise typer.Exit(1 if worst else missing)


def _own() -> Ground:
    return Ground("this machine's", {"TEST_SERVICES": "native"})


def _newer(directory: Path) -> Ground:
    name = "4.x"
    made = subprocess.run([str(CHROOT), str(directory)], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode == 0:
        return Ground(name, {"TEST_SERVICES": "native", "TEST_RABBITMQ": made.stdout.strip()})
    reason = containers.reason_against()
    if reason is None:
        return Ground(name, {"TEST_SERVICES": "docker"})
    return Ground(name, {}, f"no chroot (see above), and no container: {reason}")


def _run(ground: Ground, paths: list[str] | tuple[str, ...]) -> Row:
    if ground.missing:
        return Row(ground.name, "", f"NOT RUN: {ground.missing}", MISSING, 0)
    say(f"RabbitMQ, {ground.name}: {' '.join(paths)}")
    began = time.monotonic()
    ran = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", *paths],
        cwd=ROOT, env={**os.environ, **ground.environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert ran.stdout is not None
    said: list[str] = []
    for line in ran.stdout:
        tell(line.rstrip())
        said.append(line)
    return Row(ground.name, _broker(said), said[-1].strip(), ran.wait(), time.monotonic() - began)


def _broker(said: list[str]) -> str:
    """The version that the tests ran on, as their summary tells it."""
    found = re.search(r"^servers: \w+(?:, RabbitMQ (\S+))?", "".join(said), re.MULTILINE)
    return (found.group(1) or containers.RABBITMQ_IMAGE) if found else "unknown"


def _shown(row: Row) -> tuple[object, ...]:
    return row.name, row.broker, row.result, round(row.seconds)


def _usual_place() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "crm-campaigns" / "rabbitmq-trixie"


if __name__ == "__main__":
    app()
