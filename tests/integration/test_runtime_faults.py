"""The runtime while its broker breaks, and while it is told to stop."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from unittest.mock import AsyncMock
from urllib.parse import urlsplit

import aio_pika
import pytest
from structlog.testing import capture_logs

from domain.errors import BrokerUnavailable
from tests import servers as tested
from tests.integration.runtime_support import amqp, declared, delivered, ready, running, runtime, until
from tests.waiting import LONGEST_S
from tests.workers.memory_parking import MemoryParking
from tests.workers.ping import Ping, Remembers, pings
from workers.part import Consuming
from workers.publisher import publishing
from workers.runtime import Runtime
from workers.shell import ShellOptions, run_workers
from workers.windowed import Window

NOBODY = "amqp://127.0.0.1:1/"
Kind = Callable[[Runtime, Remembers], Consuming]


def single(process: Runtime, handler: Remembers) -> Consuming:
    return process.single(Ping, handler.one)


def windowed(process: Runtime, handler: Remembers) -> Consuming:
    return process.windowed(Ping, handler.window, window=Window(20, 0.02))


BOTH = pytest.mark.parametrize("kind", [single, windowed])
TWO_KINDS = pytest.mark.parametrize("kind", ["single", "windowed"])


async def publish_slowly(url: str, count: int) -> None:
    """One after the other, so that trouble falls in between."""
    async with publishing(amqp(url), deadline_s=60) as publisher:
        for message in pings(count):
            await publisher.publish([message])


def close_connections(servers: tested.TestedServers, url: str) -> None:
    assert servers.ctl is not None
    servers.ctl("close_all_connections", "--vhost", urlsplit(url).path.removeprefix("/"), "test")


@BOTH
async def test_closed_connections_lose_nothing(amqp_url: str, servers: tested.TestedServers, kind: Kind) -> None:
    await declared(amqp_url)
    handler = Remembers()
    process = runtime(amqp_url, MemoryParking())
    async with running(process, kind(process, handler)):
        publishing_all = asyncio.create_task(publish_slowly(amqp_url, 600))
        for share in (100, 300):
            await until(partial(some, handler.numbers, share), "some handled")
            await asyncio.to_thread(close_connections, servers, amqp_url)
        await publishing_all
        await until(lambda: len(set(handler.numbers)) == 600, "all handled", 60)
    assert await ready(amqp_url, "ping") == 0


@pytest.mark.needs_control
@BOTH
async def test_a_broker_restart_loses_nothing(amqp_url: str, control: tested.Control, kind: Kind) -> None:
    await declared(amqp_url)
    handler = Remembers()
    process = runtime(amqp_url, MemoryParking())
    async with running(process, kind(process, handler)):
        publishing_all = asyncio.create_task(publish_slowly(amqp_url, 1000))
        await until(lambda: len(set(handler.numbers)) >= 200, "some handled")
        await asyncio.to_thread(control.stop_broker)
        await asyncio.to_thread(control.start_broker)
        await publishing_all
        await until(lambda: len(set(handler.numbers)) == 1000, "all handled", 60)
    assert await ready(amqp_url, "ping") == 0


@pytest.mark.needs_control
async def test_a_worker_started_before_its_broker_waits_and_goes_on(amqp_url: str, control: tested.Control) -> None:
    await declared(amqp_url)
    await publish_slowly(amqp_url, 10)
    await asyncio.to_thread(control.stop_broker)
    handler = Remembers()
    process = runtime(amqp_url, MemoryParking())
    with capture_logs() as logs:
        async with running(process, single(process, handler)):
            await until(
                lambda: any(entry["event"] == "broker_link_down" for entry in logs), "it says what it waits for"
            )
            assert process.not_ready() == ["consuming connection is down", "publishing channel is down"]
            await asyncio.to_thread(control.start_broker)
            await until(lambda: len(handler.numbers) >= 10, "all handled", 60)
    assert "nothing listens there (connection refused)" in next(
        entry["why"] for entry in logs if entry["event"] == "broker_link_down"
    )


async def test_publishing_to_a_broker_that_is_away_fails_in_time() -> None:
    async with publishing(amqp(NOBODY), deadline_s=3) as publisher:
        with pytest.raises(BrokerUnavailable, match=r"within 3 s: RabbitMQ at 127\.0\.0\.1:1: nothing listens"):
            await publisher.publish(pings(500))


async def test_a_missing_queue_is_waited_for_and_stops_no_other(amqp_url: str) -> None:
    await declared(amqp_url, queues=("ping",))
    handler, other = Remembers(), Remembers()
    process = runtime(amqp_url, MemoryParking())
    with capture_logs() as logs:
        async with running(process, single(process, handler), process.single(Ping, other.one, queue="later")):
            await publish_slowly(amqp_url, 10)
            await until(lambda: len(handler.numbers) == 10, "the other queue works")
            await declared(amqp_url, queues=("later",))
            await send(amqp_url, "later")
            await until(lambda: bool(other.numbers), "consumed once it is there")
    assert "queue later is missing: run `campaigns init`" in {entry.get("why") for entry in logs}


@pytest.mark.parametrize("pause_s", [0, 3])
async def test_a_queue_that_was_deleted_and_made_again_is_consumed_again(amqp_url: str, pause_s: float) -> None:
    """Without a pause, RabbitMQ 3.10 gives the messages to a consumer that is none any more."""
    await declared(amqp_url)
    handler = Remembers()
    process = runtime(amqp_url, MemoryParking(), renew_s=2)
    part = single(process, handler)
    async with running(process, part):
        await until(lambda: part.is_ready, "consuming")
        await delete(amqp_url, "ping")
        await asyncio.sleep(pause_s)
        await declared(amqp_url)
        await publish_slowly(amqp_url, 5)
        await until(lambda: len(handler.numbers) == 5, "consumed again")


async def test_a_consumer_to_which_nothing_comes_though_messages_wait_subscribes_anew(amqp_url: str) -> None:
    """The broker still counts a consumer, somebody else's: only the messages that wait tell that ours is none."""
    await declared(amqp_url)
    handler = Remembers()
    process = runtime(amqp_url, MemoryParking())
    part = single(process, handler)
    async with await aio_pika.connect(amqp_url) as other, running(process, part):
        await until(lambda: part.is_ready, "consuming")
        channel = await other.channel()
        await channel.set_qos(1)
        await (await channel.get_queue("ping")).consume(AsyncMock())
        subscription, _ = await part.consumer._channel.current()
        await subscription.cancel()
        await publish_slowly(amqp_url, 5)
        await until(lambda: len(handler.numbers) >= 4, "consumed again")


@TWO_KINDS
async def test_sigterm_under_load_finishes_what_is_in_hand_and_nothing_else(
    amqp_url: str, tmp_path: Path, kind: str
) -> None:
    await declared(amqp_url)
    file = tmp_path / "handled"
    file.touch()
    async with publishing(amqp(amqp_url)) as publisher:
        await publisher.publish(pings(2000))
    for least in (100, 300):
        worker = await start_worker(kind, amqp_url, file)
        await until(partial(enough, file, least), "some handled")
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(worker.wait(), LONGEST_S) == 0
        assert len(handled(file)) + await ready(amqp_url, "ping") == 2000
    assert len(set(handled(file))) == len(handled(file))
    assert max(await delivered(amqp_url, "ping")) <= 1, "what a stopping worker gave back, the next one took first"


async def test_a_second_signal_ends_it_at_once_and_what_was_in_hand_goes_back(amqp_url: str, tmp_path: Path) -> None:
    await declared(amqp_url)
    await publish_slowly(amqp_url, 1)
    file = tmp_path / "handled"
    file.touch()
    worker = await start_worker("stuck", amqp_url, file)
    await until(partial(enough, file, 1), "a message is in hand")
    worker.send_signal(signal.SIGINT)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(worker.wait(), 0.5)
    assert await insisted(worker) == 1
    assert await ready(amqp_url, "ping") == 1


async def test_work_that_outlasts_the_grace_is_cut_off_and_the_exit_code_says_so() -> None:
    class Stuck:
        name = "stuck"
        is_ready = True

        async def run(self) -> None:
            process.stopping.set()
            await asyncio.Event().wait()

        async def stop(self) -> None: ...

    process = runtime(NOBODY, MemoryParking())
    with capture_logs() as logs:
        assert await run_workers(process, [Stuck()], ShellOptions(grace_s=0.05, health_port=None)) == 1
    assert ["stuck"] in [entry.get("parts") for entry in logs if entry["event"] == "work_cut_off"]


async def test_a_part_that_dies_ends_the_process_with_an_error() -> None:
    """Whatever restarts processes then does; a worker that goes on without one of its parts is noticed by nobody."""

    class Dying:
        name = "dying"
        is_ready = True

        async def run(self) -> None:
            raise KeyError("a bug of the runtime")

        async def stop(self) -> None: ...

    process = runtime(NOBODY, MemoryParking())
    assert await run_workers(process, [Dying(), single(process, Remembers())], ShellOptions(health_port=None)) == 1


async def insisted(worker: asyncio.subprocess.Process) -> int:
    """Its exit code. A signal that comes before the last one was heard is no signal: it is sent until it was."""
    async with asyncio.timeout(LONGEST_S):
        while True:
            worker.send_signal(signal.SIGINT)
            with suppress(TimeoutError):
                return await asyncio.wait_for(worker.wait(), 5)


async def start_worker(kind: str, url: str, file: Path) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "tests.integration.ping_worker", kind, url, str(file))
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)


def some(numbers: list[int], least: int) -> bool:
    return len(set(numbers)) >= least


def enough(file: Path, least: int) -> bool:
    return len(handled(file)) >= least


def handled(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()]


async def send(url: str, queue: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.default_exchange.publish(aio_pika.Message(pings(1)[0].body), queue)


async def delete(url: str, queue: str) -> None:
    async with await aio_pika.connect(url) as connection:
        await (await connection.channel()).queue_delete(queue)
