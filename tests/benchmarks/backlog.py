"""A million messages that wait, and a worker that keeps small; one message that never succeeds among many that do."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import aiormq
import psutil

from cli.output import say
from domain.record import Operation
from messages.envelope import envelope, pack
from messages.record_changed import RecordChanged
from tests.benchmarks.house import Ground, House
from tests.benchmarks.measured import Measured, Run, on_uvloop
from tests.benchmarks.worker_process import WorkerProcess, patience_s, workers
from tests.builders import NOW

QUEUE = RecordChanged.queue
MIB = 2**20
LIMIT_MIB = 150  #: what issue 4 allows a worker
FLAT_MIB = 10  #: more between the first and the last tenth is growth: a window explains less
SAMPLE_S = 0.2
UNCONFIRMED = 2_000  #: publishes on their way at once
POISON_PERCENT = 5  #: how much more processor time one bad message may cost all the others


def measure(ground: Ground, messages: int, drained: int) -> Measured:
    """`messages` wait; a worker takes `drained` of them."""
    with ground.house() as house:
        return on_uvloop(_backlog(house, messages, drained))


async def _backlog(house: House, messages: int, drained: int) -> Measured:
    began = time.monotonic()
    await _publish(house, (_event("b", number) for number in range(messages)))
    publish_s = time.monotonic() - began
    say(f"backlog: {messages:,} messages wait after {publish_s:.0f} s")
    with workers(house, QUEUE) as (worker,), _sampled(worker.process) as sizes:
        first, began = worker.settled(QUEUE), time.monotonic()
        await _settled(worker, first + drained)
        seconds = time.monotonic() - began
    tenth = max(1, len(sizes) // 10)
    before, after = (statistics.median(part) / MIB for part in (sizes[tenth : 2 * tenth] or sizes, sizes[-tenth:]))
    return Measured(
        program="backlog",
        title=f"backlog: {messages:,} messages wait, a worker handles {drained:,} of them",
        columns=("published/s", "handled/s", "MiB early", "MiB late", "MiB most", "flat", f"under {LIMIT_MIB} MiB"),
        rows=(
            (
                round(messages / publish_s),
                round(drained / seconds),
                round(before),
                round(after),
                round(max(sizes) / MIB),
                after - before <= FLAT_MIB,
                max(sizes) <= LIMIT_MIB * MIB,
            ),
        ),
        notes=(
            f"Persistent, confirmed, at most {UNCONFIRMED:,} unconfirmed, by bare aiormq on one channel, while no",
            "worker runs. Then one record-changed worker; its resident memory in the second and the last tenth of its",
            "time.",
        ),
        command=f"make bench ARGS='backlog --messages {messages}'",
    )


def measure_poison(ground: Ground, messages: int, rounds: int) -> Measured:
    """Processor time for `messages`, with and without one among them that never succeeds."""
    with ground.house() as house:
        return on_uvloop(_poison(house, messages, rounds))


async def _poison(house: House, messages: int, rounds: int) -> Measured:
    clean: list[Run] = []
    poisoned: list[Run] = []
    for number in range(rounds):
        clean.append(await _handled(house, f"c{number}", messages, poison=False))
        poisoned.append(await _handled(house, f"p{number}", messages, poison=True))
        say(f"poison: round {number + 1} of {rounds} is over")
    base, bad = (statistics.median(run.cpu_us for run in runs) for runs in (clean, poisoned))
    percent = (bad / base - 1) * 100
    return Measured(
        program="poison",
        title=f"poison: one message that never succeeds among {messages:,}",
        columns=("", "CPU µs each", "median", "more", f"at most {POISON_PERCENT} %"),
        rows=(
            ("all succeed", " ".join(f"{run.cpu_us:.0f}" for run in clean), round(base), "", ""),
            (
                "one never does",
                " ".join(f"{run.cpu_us:.0f}" for run in poisoned),
                round(bad),
                f"{percent:+.1f} %",
                percent <= POISON_PERCENT,
            ),
        ),
        notes=(
            "A record of a module that nobody described, in the middle: its window is halved until it stands alone,",
            "and it is parked. Processor time of the record-changed worker from its first acknowledgement to its last.",
        ),
        command=f"make bench ARGS='poison --messages {10 * messages} --rounds {rounds}'",
    )


async def _handled(house: House, name: str, count: int, *, poison: bool) -> Run:
    middle = count // 2
    events = (_event(name, number, "Leads" if not poison or number != middle else "Dragons") for number in range(count))
    await _publish(house, events)
    wanted = count - 1 if poison else count
    with workers(house, QUEUE) as (worker,):
        await _settled(worker, 1)
        first, began, cpu_s = worker.settled(QUEUE), time.monotonic(), worker.cpu_s
        await _settled(worker, wanted)
        run = Run(wanted - first, time.monotonic() - began, worker.cpu_s - cpu_s)
    return run


async def _settled(worker: WorkerProcess, at_least: int) -> None:
    async with asyncio.timeout(patience_s(at_least)):
        while worker.settled(QUEUE) < at_least:
            await asyncio.sleep(0.05)


async def _publish(house: House, bodies: Iterator[bytes]) -> None:
    """Bare and fast: the publisher under test is the workers'."""
    url = house.environment["CAMPAIGNS_AMQP__URL"]
    connection = await aiormq.connect(url)
    channel = await connection.channel()
    properties = aiormq.spec.Basic.Properties(delivery_mode=2, content_type="application/cloudevents+json")
    while chunk := list(itertools.islice(bodies, UNCONFIRMED)):
        publishes = [channel.basic_publish(body, routing_key=QUEUE, properties=properties) for body in chunk]
        await asyncio.gather(*publishes)
    await connection.close()


def _event(name: str, number: int, module: str = "Leads") -> bytes:
    changed = RecordChanged(
        module=module,
        record_id=f"{name}-{number:07}",
        operation=Operation.CREATE,
        fields={"Email": f"jane.{name}.{number}@company{number % 997}.example", "First_Name": f"Jane {number}"},
        changed_at=NOW,
    )
    return pack(envelope(changed, id=f"{name}-{number}", time=NOW))


@contextmanager
def _sampled(process: psutil.Popen) -> Iterator[list[int]]:
    """Its resident memory in bytes, again and again until the block ends."""
    sizes, over = [process.memory_info().rss], threading.Event()

    def keep_sampling() -> None:
        while not over.wait(SAMPLE_S):
            sizes.append(process.memory_info().rss)

    thread = threading.Thread(target=keep_sampling, name="memory")
    thread.start()
    try:
        yield sizes
    finally:
        over.set()
        thread.join()
