"""Runs a worker process from start to exit code."""

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from workers.health import Health, Heart
from workers.part import Part
from workers.runtime import Runtime

log = structlog.get_logger()

SIGNALS = (signal.SIGTERM, signal.SIGINT)


#: New objects between two looks for cyclic garbage. Python's 700 would look dozens of times at each window of documents
#: that are gone a moment later: 14 % of the intake's processor time (`make bench`).
GARBAGE_LOOKS = 20_000


@dataclass(frozen=True, slots=True)
class ShellOptions:
    grace_s: float = 20.0  #: to finish what is in hand; less than the orchestrator's own patience
    health_host: str = "127.0.0.1"
    health_port: int | None = 0  #: 0 takes any free port, None serves none


def run(main: Coroutine[Any, Any, int]) -> int:
    """The result of `main`, on uvloop where it is installed."""
    gc.freeze()  # what was imported stays: nobody need look through it again
    gc.set_threshold(GARBAGE_LOOKS, 5, 2)  # the old too: a cycle may hold the bytes of a mail
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def run_workers(
    runtime: Runtime,
    parts: Sequence[Part],
    options: ShellOptions,
    also_ready: Callable[[], Iterable[str]] = lambda: (),
) -> int:
    """Work until SIGTERM or SIGINT: take nothing more, finish and settle what is in hand, close.

    A second signal ends it at once. The result is the exit code: 0, or 1 when a part died of a bug or was cut off
    in its work. What was not settled is delivered again. `also_ready` lists what else is missing, for /ready.
    """
    signals = _Signals(runtime.stopping)
    heart = Heart()

    def not_ready() -> list[str]:
        waiting = [f"{part.name} does not run yet" for part in parts if not part.is_ready]
        return ["stopping"] if runtime.stopping.is_set() else [*runtime.not_ready(), *waiting, *also_ready()]

    port = options.health_port
    server = None if port is None else Health(runtime.metrics, heart, not_ready).serve(options.health_host, port)
    beating = asyncio.create_task(heart.run(), name="heart")
    try:
        with signals:
            return await _work(runtime, parts, options.grace_s, signals)
    finally:
        beating.cancel()
        if server is not None:
            server.close()


class _Signals:
    """The first signal asks to stop, the second one insists."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self.insisted = asyncio.Event()

    def __enter__(self) -> None:
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._received, number)

    def __exit__(self, *_: object) -> None:
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)

    def _received(self, number: signal.Signals) -> None:
        log.info("signal", signal=number.name)
        (self.insisted if self._stopping.is_set() else self._stopping).set()


async def _work(runtime: Runtime, parts: Sequence[Part], grace_s: float, signals: _Signals) -> int:
    runtime.start()
    tasks = [asyncio.create_task(part.run(), name=part.name) for part in parts]
    log.info("worker_started", parts=[part.name for part in parts])
    try:
        await _first_of(runtime.stopping.wait(), *tasks)
        runtime.stopping.set()
        await asyncio.gather(*(part.stop() for part in parts))
        await _first_of(signals.insisted.wait(), _within(grace_s, tasks))
    finally:
        code = await _finish(tasks)
        await runtime.stop()
    log.info("worker_stopped", exit_code=code)
    return code


async def _first_of(*awaited: Coroutine[Any, Any, object] | asyncio.Task[None]) -> None:
    """Return when one is over. Tasks given go on; what was made a task here does not."""
    tasks = [one if isinstance(one, asyncio.Task) else asyncio.create_task(one) for one in awaited]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task, one in zip(tasks, awaited, strict=True):
            if task is not one:
                task.cancel()


async def _within(grace_s: float, tasks: Sequence[asyncio.Task[None]]) -> None:
    if tasks:
        _, busy = await asyncio.wait(tasks, timeout=grace_s)
        if busy:
            log.warning("grace_exceeded", grace_s=grace_s, parts=[task.get_name() for task in busy])


async def _finish(tasks: Sequence[asyncio.Task[None]]) -> int:
    cut_off = [task.get_name() for task in tasks if task.cancel()]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    died = [error for error in results if isinstance(error, Exception)]
    for error in died:
        log.error("part_died", exc_info=error)
    if cut_off:
        log.warning("work_cut_off", parts=cut_off)
    return 1 if died or cut_off else 0
