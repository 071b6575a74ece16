"""What a part says of itself, without a broker."""

import asyncio
from contextlib import suppress

import pytest

from tests.waiting import LONGEST_S
from tests.workers.memory_parking import MemoryParking
from tests.workers.ping import Ping, Remembers
from workers.circuit import CircuitState
from workers.handler_clock import TookTooLong
from workers.link import AmqpOptions
from workers.part import Consuming
from workers.runtime import Runtime, RuntimeOptions
from workers.windowed import Window

NOWHERE = RuntimeOptions(AmqpOptions(("amqp://127.0.0.1:1/",)), time_limit_s=0.001)


def a_part() -> tuple[Runtime, Consuming]:
    process = Runtime(NOWHERE, MemoryParking())
    return process, process.single(Ping, Remembers().one)


def test_a_queue_that_rests_says_why() -> None:
    process, part = a_part()
    assert not part.is_ready
    assert part.trouble() == []
    part.circuit.failed("the relay is away")
    assert part.is_ready, "its trouble says more"
    assert "ping rests: the relay is away" in process.not_ready()
    assert process.metrics.registry.get_sample_value("campaigns_circuit_open", {"queue": "ping"}) == 1


def test_of_two_that_work_off_one_queue_one_that_rests_is_told_until_both_work() -> None:
    process = Runtime(NOWHERE, MemoryParking())
    first, second = (process.windowed(Ping, Remembers().window, window=Window()) for _ in range(2))

    def rests() -> float | None:
        return process.metrics.registry.get_sample_value("campaigns_circuit_open", {"queue": "ping"})

    for part in (first, second):
        part.circuit.failed("the store is away")
    for part, expected in ((first, 1), (second, 0)):
        part.circuit.state = CircuitState.PROBING
        part.circuit.succeeded()
        assert rests() == expected


async def test_a_handler_that_cannot_be_cut_off_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.handler_clock.LAST_WORDS_S", 0)
    process, part = a_part()
    let_go = asyncio.Event()

    async def deaf() -> None:
        with suppress(TookTooLong):
            async with part.clock.running():
                while not let_go.is_set():
                    with suppress(asyncio.CancelledError):
                        await let_go.wait()

    running = asyncio.create_task(deaf())
    async with asyncio.timeout(LONGEST_S):
        while not part.trouble():
            await asyncio.sleep(0)
    assert any(each.startswith("ping is stuck: a handler has been at work for ") for each in process.not_ready())
    assert process.metrics.registry.get_sample_value("campaigns_longest_handling_seconds", {"queue": "ping"})
    let_go.set()
    await asyncio.wait_for(running, LONGEST_S)
