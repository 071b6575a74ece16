"""How many connections a relay sees: of one gateway whose part changes, and of several that share one limit (X5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import cast

from domain.assembly import OutgoingMail
from domain.delivery import Attempt
from domain.throttle import Limits
from gateways.smtp import SmtpOptions, SmtpRelay
from handlers.connection_shares import ConnectionShares
from tests.fakes.throttles import MemoryThrottles
from tests.integration.scripted_relay import ScriptedRelay
from tests.waiting import LONGEST_S, wait_until

RELAY = "relay:default"
STEP_S = 0.25  #: that pass for the shares in a hundredth of a second


@asynccontextmanager
async def time_passing() -> AsyncIterator[MemoryThrottles]:
    """Between two steps everybody has looked once: a machine that stands still takes nobody's connections away."""
    throttles = MemoryThrottles()

    async def steps() -> None:
        while True:
            throttles.pass_time(STEP_S)
            await asyncio.sleep(0.01)

    passing = asyncio.create_task(steps())
    try:
        yield throttles
    finally:
        passing.cancel()


async def until(condition: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return condition()

    await wait_until(holds, timeout_s=LONGEST_S, what="connections as they should be")


def mails(count: int, name: str) -> list[OutgoingMail]:
    return [
        OutgoingMail(f"c:{name}{place}:0", "news@shop.example", f"{name}{place}@x.example", b"A: b\r\n\r\nx\r\n", False)
        for place in range(count)
    ]


def gateway(server: ScriptedRelay) -> SmtpRelay:
    return SmtpRelay(SmtpOptions("127.0.0.1", server.port, max_connections=10, local_hostname="us.example"))


async def send(relay: SmtpRelay, batch: list[OutgoingMail]) -> int:
    return len([attempt async for attempt in relay.deliver(batch, lambda: True)])


@asynccontextmanager
async def sending(relay: SmtpRelay, throttles: MemoryThrottles, name: str, limit: int) -> AsyncIterator[None]:
    """Batch after batch, as a send worker does that shares the relay with others."""
    limits = {RELAY: Limits(connections=limit)}
    shares = ConnectionShares(throttles, name, {RELAY: relay}, limits, lambda: throttles.now_ms / 1000)
    shares.begin()

    async def ask() -> None:
        while True:
            await shares.look()
            await asyncio.sleep(0.01)

    async def batches() -> None:
        number = 0
        while True:
            number += 1
            assert await send(relay, mails(100, f"{name}{number}-")) == 100

    tasks = [asyncio.create_task(ask()), asyncio.create_task(batches())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in found), found
        await relay.close()


async def test_two_workers_never_open_more_together_than_the_limit_and_use_all_of_it() -> None:
    async with time_passing() as throttles, ScriptedRelay() as server:
        one, other = gateway(server), gateway(server)
        async with sending(one, throttles, "one", 6):
            await until(lambda: one.open == 6)
            async with sending(other, throttles, "other", 6):
                await until(lambda: (one.open, other.open) == (3, 3))
            await until(lambda: one.open == 6 and len(server.recipients) > 500)
    assert server.most_open == 6
    assert len(set(server.recipients)) == len(server.recipients)


async def test_more_workers_than_connections_all_get_through() -> None:
    async with time_passing() as throttles, ScriptedRelay() as server:
        relays = [gateway(server) for _ in range(3)]
        async with (
            sending(relays[0], throttles, "one", 1),
            sending(relays[1], throttles, "two", 1),
            sending(relays[2], throttles, "six", 1),
        ):
            await until(lambda: {recipient[:3] for recipient in server.recipients} == {"one", "two", "six"})
    assert server.most_open == 1


async def test_a_lower_limit_closes_what_rests_and_ends_what_is_under_way_without_losing_a_mail() -> None:
    """Whoever has no answer yet is under way: here none comes before it is let."""
    async with ScriptedRelay(answers=asyncio.Semaphore(0)) as server:
        relay = gateway(server)
        first = asyncio.create_task(send(relay, mails(50, "a")))
        await until(lambda: (relay.open, len(server.open)) == (10, 10))
        server.let(50)
        assert await first == 50
        assert relay.open == 10
        relay.allow(3)
        await until(lambda: len(server.open) == 3)
        relay.allow(None)
        sending = asyncio.create_task(send(relay, mails(2_000, "b")))
        await until(lambda: (relay.open, len(server.open)) == (10, 10))
        relay.allow(2)
        server.let(200)  # each of the ten has more than one of them
        await until(lambda: relay.open == 2)
        assert not sending.done()
        server.let(1_800)
        assert await sending == 2_000
        await relay.close()
    assert len(set(server.recipients)) == len(server.recipients) == 2_050


async def test_who_waits_for_a_connection_stops_when_it_is_not_wanted_any_more() -> None:
    async with ScriptedRelay() as server:
        relay = gateway(server)
        relay.allow(0)
        wanted = [True, True, False]
        deliver = relay.deliver(mails(1, "a"), lambda: wanted.pop(0) if len(wanted) > 1 else wanted[0])
        assert [attempt async for attempt in deliver] == []
    assert server.connections == 0


async def test_what_was_wanted_is_told_once_although_it_was_short() -> None:
    async with ScriptedRelay() as server:
        relay = gateway(server)
        await send(relay, mails(20, "a"))
        assert (relay.wanted(), relay.wanted()) == (4, 0)
        await relay.close()


async def test_a_login_that_is_given_up_leaves_no_connection_behind() -> None:
    """Nobody would count it, and only the server would ever close it."""
    greeted, ended = asyncio.Event(), asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mute ESMTP\r\n")
        await reader.readline()
        greeted.set()
        await reader.read()
        ended.set()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as server:
        relay = SmtpRelay(SmtpOptions("127.0.0.1", server.sockets[0].getsockname()[1], local_hostname="us.example"))
        sending = asyncio.create_task(send(relay, mails(1, "a")))
        await greeted.wait()
        sending.cancel()
        await asyncio.wait([sending])
        async with asyncio.timeout(LONGEST_S):
            await ended.wait()
    assert (sending.cancelled(), relay.open) == (True, 0)


async def test_a_batch_that_is_given_up_when_its_last_answer_is_there_leaves_no_connection_behind() -> None:
    async with ScriptedRelay() as server:
        relay = gateway(server)
        attempts = relay.deliver(mails(1, "a"), lambda: True)
        assert [attempt.email_id async for attempt in _first(attempts)] == ["c:a0:0"]
        assert relay.open == 1
        await relay.close()
        await until(lambda: not server.open)


async def _first(attempts: AsyncIterator[Attempt]) -> AsyncIterator[Attempt]:
    async with aclosing(cast("AsyncGenerator[Attempt, None]", attempts)) as given:
        async for attempt in given:
            yield attempt
            return
