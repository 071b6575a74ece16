"""When a queue may be taken from, on a clock that is not waited for."""

import asyncio

import pytest
from structlog.testing import capture_logs

from domain.errors import RelayUnavailable, Transient
from tests.waiting import LONGEST_S
from tests.workers.fake_process import FakeProcess
from tests.workers.ping import Ping, Remembers, ping_body
from workers.circuit import Circuit, CircuitState
from workers.supervisor import Backoff

AT_ONCE = Backoff(0, 0)


async def opened(circuit: Circuit) -> None:
    circuit.failed("the relay is away")
    assert circuit.state is CircuitState.OPEN


async def probing(circuit: Circuit) -> None:
    await opened(circuit)
    await circuit.may_take()
    assert circuit.state is CircuitState.PROBING


async def test_a_closed_circuit_lets_everything_through_at_once() -> None:
    circuit = Circuit("ping")
    await asyncio.wait_for(circuit.may_take(), LONGEST_S)
    circuit.succeeded()
    assert circuit.is_closed


async def test_a_probe_that_is_handled_closes_it() -> None:
    circuit = Circuit("ping", AT_ONCE)
    await probing(circuit)
    circuit.succeeded()
    assert circuit.is_closed


async def test_a_probe_that_fails_opens_it_again_and_for_longer() -> None:
    rests: list[int] = []

    class Noted(Backoff):
        def delay_s(self, failures: int) -> float:
            rests.append(failures)
            return 0

    circuit = Circuit("ping", Noted())
    for _ in range(3):
        await probing(circuit)
    assert rests == [0, 1, 2]
    circuit.succeeded()
    await opened(circuit)
    assert rests == [0, 1, 2, 0], "after a success the first rest is short again"


async def test_what_was_begun_before_it_opened_proves_nothing() -> None:
    circuit = Circuit("ping", AT_ONCE)
    await opened(circuit)
    circuit.succeeded()
    assert circuit.state is CircuitState.OPEN


async def test_the_others_in_hand_that_fail_too_change_nothing() -> None:
    circuit = Circuit("ping", AT_ONCE)
    with capture_logs() as logs:
        for _ in range(8):
            await opened(circuit)
    assert [(entry["event"], entry["why"]) for entry in logs] == [("circuit_open", "the relay is away")]


async def test_whoever_waits_for_a_change_is_told() -> None:
    seen: list[CircuitState] = []
    circuit = Circuit("ping", AT_ONCE, seen.append)
    waiting = asyncio.create_task(circuit.other_than(CircuitState.CLOSED))
    await asyncio.sleep(0)
    await opened(circuit)
    assert await asyncio.wait_for(waiting, LONGEST_S) is CircuitState.OPEN
    assert await circuit.other_than(CircuitState.CLOSED) is CircuitState.OPEN, "who asks late is told too"
    assert seen == [CircuitState.OPEN]


def away(ping: Ping) -> None:
    raise RelayUnavailable("connection refused")


def throttled(ping: Ping) -> None:
    raise Transient("throttled")


@pytest.mark.parametrize("kind", ["single", "windowed"])
async def test_a_server_that_stays_away_opens_the_circuit(kind: str) -> None:
    process = FakeProcess()
    process.deliver(*map(ping_body, range(3)))
    await process.work(getattr(process, kind)(Remembers(before=away)))
    assert (process.circuit.state, process.circuit.why) == (CircuitState.OPEN, "connection refused")


@pytest.mark.parametrize("kind", ["single", "windowed"])
async def test_a_message_that_fails_by_itself_does_not(kind: str) -> None:
    process = FakeProcess()
    process.deliver(*map(ping_body, range(3)))
    await process.work(getattr(process, kind)(Remembers(before=throttled)))
    assert process.circuit.is_closed


@pytest.mark.parametrize("kind", ["single", "windowed"])
async def test_a_handled_message_closes_it(kind: str) -> None:
    process = FakeProcess(circuit=Circuit("ping", AT_ONCE))
    await probing(process.circuit)
    process.deliver(ping_body(1))
    await process.work(getattr(process, kind)(Remembers()))
    assert process.circuit.is_closed
