"""Where a send worker's processor time goes: py-spy looks at one from outside while it sends.

It looks at the thread that holds the interpreter's lock: one that waits for a server holds none, and py-spy does not
reliably tell waiting threads from busy ones otherwise. What the kernel does for us is told by the process's times.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import newsletter
from tests.benchmarks.desk import WARM_UP, desk
from tests.benchmarks.house import Ground, House
from tests.benchmarks.measured import Measured, on_uvloop
from tests.benchmarks.sinks import sink
from tests.benchmarks.worker_process import WorkerProcess, workers

PER_S = 200  #: looks per second: at 100 and less, five seconds tell little
_FRAME = re.compile(r"(?P<function>.+) \((?P<file>[^():]+)(:\d+)?\)")
#: A sample belongs to the innermost frame that is in one of these; libraries that several call are not named.
PLACES = {
    "writing emails": ("domain/",),
    "SMTP": ("gateways/", "aiosmtplib/"),
    "MongoDB": ("repositories/", "motor/", "pymongo/", "bson/", "gridfs/"),
    "RabbitMQ, runtime": ("workers/", "messages/", "aio_pika/", "aiormq/", "pamqp/"),
    "deciding (handlers)": ("handlers/",),
}
REST = "event loop, sockets, threads"
#: At the bottom of every stack: they say nothing, and are what is seen of the event loop's native code.
_BOTTOM = frozenset({"workers/shell.py", "workers/catalog.py"})
_SHOWN = 3

Samples = Counter[tuple[str, ...]]  #: how often each stack was seen, outermost frame first


class CannotProfile(Exception):
    """There is no py-spy, or it may not look at our processes; the text has what it said."""


def measure(ground: Ground, emails: int) -> Measured:
    with ground.house() as house, sink(house.smtp_port) as taker:
        samples, system = on_uvloop(_measure(house, emails))
    return Measured(
        program="profile",
        title=f"profile: one send worker, {emails:,} emails",
        columns=("where", "share", "most of it in"),
        rows=tuple(table_of(samples)),
        notes=(
            f"Sink: {taker.name}. py-spy, {PER_S} looks per second at the thread that holds Python's lock. A look",
            "counts for the innermost frame of ours or of a driver; native code of a library counts for its caller.",
            f"Kernel (sockets, waking threads): {system:.0%} of the worker's processor time, mostly beside this table.",
        ),
        command=f"make bench ARGS='profile --emails {emails}'",
    )


async def _measure(house: House, emails: int) -> tuple[Samples, float]:
    """What was seen, and the share of the kernel in the worker's time."""
    async with desk(house) as its:
        await newsletter.seed_people(its.stores, emails, house.settings)
        warm_up = await newsletter.seed_campaign(its.stores, "warm", min(WARM_UP, emails), house.settings)
        campaign = await newsletter.seed_campaign(its.stores, "profiled", emails, house.settings)
        into = house.directory / "profile.txt"
        with workers(house, "send-batch") as (worker,):
            await its.sent(warm_up)
            before = worker.process.cpu_times()
            with _looked_at(worker, into):
                await its.sent(campaign)
            after = worker.process.cpu_times()
    user, system = after.user - before.user, after.system - before.system
    return stacks(into.read_text().splitlines()), system / (user + system)


@contextmanager
def _looked_at(worker: WorkerProcess, into: Path) -> Iterator[None]:
    command = [_program(), "record", "--pid", str(worker.process.pid), "--gil", "--rate", str(PER_S)]
    with into.with_suffix(".log").open("w+") as log:
        looking = subprocess.Popen([*command, "--format", "raw", "--output", str(into)], stdout=log, stderr=log)
        try:
            yield
        finally:
            looking.send_signal(signal.SIGINT)  # it writes what it has
            looking.wait()
        log.seek(0)
        if looking.returncode or not into.exists():
            raise CannotProfile(f"{log.read()}\nroot may look at any process; on Linux, others at their children only")


def _program() -> str:
    beside = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if beside is None:
        raise CannotProfile("there is no py-spy: pip install -c constraints.txt py-spy")
    return beside


def stacks(lines: Iterable[str]) -> Samples:
    """How often each stack was seen, outermost frame first, from py-spy's raw format: `a;b;c 12`."""
    found: Samples = Counter()
    for line in lines:
        frames, _, count = line.rpartition(" ")
        found[tuple(frames.split(";"))] += int(count)
    return found


def table_of(samples: Samples) -> list[tuple[str, str, str]]:
    """Places, the largest first: name, share, and the functions that have most of it."""
    of: dict[str, Counter[str]] = {}
    for stack, count in samples.items():
        place, frame = place_of(stack)
        of.setdefault(place, Counter())[frame] += count
    whole = max(1, samples.total())
    largest = sorted(of.items(), key=lambda entry: -entry[1].total())
    return [(place, f"{found.total() / whole:.0%}", _most(found, whole)) for place, found in largest]


def _most(found: Counter[str], whole: int) -> str:
    return ", ".join(f"{frame} {count / whole:.0%}" for frame, count in found.most_common(_SHOWN))


def place_of(stack: Sequence[str]) -> tuple[str, str]:
    """Where a sample belongs, and the frame that decided it, as `file.function`."""
    frames = [match for frame in reversed(stack) if (match := _FRAME.fullmatch(frame))]
    for match in frames:
        for place, begins in PLACES.items():
            if match["file"].startswith(begins) and match["file"] not in _BOTTOM:
                return place, _named(match)
    return REST, _named(frames[0]) if frames else "unknown"


def _named(frame: re.Match[str]) -> str:
    return f"{Path(frame['file']).stem}.{frame['function']}"
