"""Server processes that outlive us: started detached, recognised later, stopped for certain."""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from cli.embedded.errors import CannotStart, CannotStop

#: Two processes with one pid cannot start this close together; clocks are set by less.
SAME_START_S = 60.0
POLL_S = 0.05
#: Servers write their last pages to disk within a second or two.
STOP_GRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process of ours. The start time tells it from a later one that was given the same pid."""

    pid: int
    #: Seconds since the epoch, as the system reports it.
    started_at: float

    @property
    def alive(self) -> bool:
        """Whether any of it still runs; a zombie that nobody has collected does not.

        A killed process shows as a zombie as soon as its first thread has ended: while others have not, its ports are
        still taken.
        """
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started_at) < SAME_START_S
            return bool(same and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1))
        except psutil.NoSuchProcess:
            return False


def launch(command: Sequence[str | Path], *, home: Path, log: Path, env: Mapping[str, str]) -> Process:
    """Starts a program detached from our terminal, in a session of its own; its output becomes `log`.

    The log of the start before is kept beside it as `….previous`.
    """
    with suppress(FileNotFoundError):
        log.replace(log.with_suffix(".previous"))
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=home,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    child.returncode = 0  # it outlives this object, which would complain when it is collected
    return Process(child.pid, psutil.Process(child.pid).create_time())


def stop(process: Process, *, grace_s: float = STOP_GRACE_S) -> None:
    """Asks with SIGTERM, kills what is still there after `grace_s`, and its whole session in any case.

    Raises:
        CannotStop: it is alive even after SIGKILL.
    """
    ask_to_stop(process)
    _wait_gone(process, grace_s)
    kill(process)


def ask_to_stop(process: Process) -> None:
    """Sends SIGTERM and returns at once."""
    _signal(process, signal.SIGTERM)


def kill(process: Process) -> None:
    """Ends a process and the session it leads at once, as a power cut would.

    Raises:
        CannotStop: it is alive even after SIGKILL.
    """
    members = session_of(process)
    for member in members:
        _signal(member, signal.SIGKILL)
    for member in members:
        if not _wait_gone(member, 10):
            raise CannotStop(f"Process {member.pid} survives SIGKILL. Look at it:\n  ps -fp {member.pid}")


def session_of(process: Process) -> list[Process]:
    """The process and what it started that is still alive, also when it is gone itself."""
    found = [process] if process.alive else []
    for other in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if os.getsid(other.pid) == process.pid != other.pid and other.create_time() >= process.started_at - 1:
                found.append(Process(other.pid, other.create_time()))
    return found


def wait_until(
    ready: Callable[[], bool], process: Process, *, name: str, timeout_s: float, explain: Callable[[], str]
) -> None:
    """Returns as soon as `ready()` holds.

    Raises:
        CannotStart: the process ended or needed more than `timeout_s`; the text ends with what `explain()` says.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        if not process.alive:
            raise CannotStart(f"{name} ended while it was starting.\n{explain()}")
        if time.monotonic() > deadline:
            raise CannotStart(f"{name} was not ready after {timeout_s:.0f} s.\n{explain()}")
        time.sleep(POLL_S)


def tail(log: Path, telling: Callable[[str], bool] = bool, lines: int = 15) -> str:
    """The last lines of a log, those that tell most if there are any, and where the rest is."""
    text = log.read_text(errors="replace").splitlines() if log.exists() else []
    shown = [line for line in text if telling(line)] or text
    end = "\n".join(f"  | {line}" for line in shown[-lines:])
    return f"{end or '  (it said nothing)'}\nAll of it: less {shlex.quote(str(log))}"


def _signal(process: Process, number: signal.Signals) -> None:
    if process.alive:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _wait_gone(process: Process, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while process.alive and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return not process.alive
