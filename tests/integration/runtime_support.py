"""A runtime on a real broker, as short as the tests of it can say it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import aio_pika

from tests.waiting import LONGEST_S, wait_until
from workers.declaration import declare
from workers.link import AmqpOptions
from workers.part import Part
from workers.retry import RetryPolicy
from workers.runtime import Runtime, RuntimeOptions
from workers.settlement import Parking
from workers.shell import ShellOptions, run_workers
from workers.supervisor import Backoff
from workers.topology import topology

LEVELS_S = (0.2, 0.5)
RESTS = Backoff(0.05, 0.3)
QUEUES = ("ping", "pong")
FAST = RetryPolicy(
    levels_s=LEVELS_S, max_attempts=3, max_unexpected=2, in_place_s=0.5, pause_min_s=0.02, pause_max_s=0.1
)


def amqp(url: str, heartbeat_s: int = 5) -> AmqpOptions:
    return AmqpOptions((url,), heartbeat_s=heartbeat_s, connect_s=5, backoff=Backoff(0.05, 0.5))


def runtime(
    url: str,
    parking: Parking,
    *,
    retry: RetryPolicy = FAST,
    renew_s: float = 300,
    heartbeat_s: int = 5,
    rests: Backoff = RESTS,
) -> Runtime:
    options = RuntimeOptions(
        amqp(url, heartbeat_s), retry, publish_deadline_s=5, watch_s=0.5, renew_s=renew_s, rests=rests
    )
    return Runtime(options, parking)


async def declared(url: str, queues: Sequence[str] = QUEUES) -> None:
    await declare(amqp(url), topology(queues, LEVELS_S))


@asynccontextmanager
async def running(runtime: Runtime, *parts: Part) -> AsyncIterator[None]:
    """As a worker process runs them, without the process; stopped gracefully at the end."""
    process = asyncio.create_task(run_workers(runtime, parts, ShellOptions(grace_s=LONGEST_S / 2, health_port=None)))
    try:
        yield
    finally:
        runtime.stopping.set()
        assert await asyncio.wait_for(process, LONGEST_S) == 0


async def until(condition: Callable[[], bool], what: str, timeout_s: float = LONGEST_S) -> None:
    async def holds() -> bool:
        return condition()

    await wait_until(holds, timeout_s=timeout_s, what=what)


async def ready(url: str, queue: str) -> int:
    """Messages that wait in `queue`."""
    return await _asked(url, lambda channel: _count(channel, queue))


async def delivered(url: str, queue: str) -> list[int]:
    """How often each message that waits there was delivered in vain."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        found = await channel.declare_queue(queue, passive=True)
        counts = [0]
        while message := await found.get(fail=False):
            counts.append(int(str(message.headers.get("x-delivery-count", 0))))
        return counts


async def heard(url: str, binding: str, during: Callable[[], Awaitable[None]]) -> list[bytes]:
    """The bodies that `campaigns.feed` carried under `binding` while `during` ran."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("listener", exclusive=True)
        await queue.bind("campaigns.feed", binding)
        await during()
        bodies = []
        while message := await queue.get(no_ack=True, fail=False):
            bodies.append(message.body)
        return bodies


async def _asked(url: str, ask: Callable[[aio_pika.abc.AbstractChannel], Awaitable[int]]) -> int:
    async with await aio_pika.connect(url) as connection:
        return await ask(await connection.channel())


async def _count(channel: aio_pika.abc.AbstractChannel, queue: str) -> int:
    found = await channel.declare_queue(queue, passive=True)
    return found.declaration_result.message_count or 0
