"""X5: how a process keeps its connections within its part; when it asks, and what it does without an answer."""

from __future__ import annotations

from contextlib import suppress

import pytest

from domain.connection_shares import LIVE_S, ConnectionAsk
from domain.errors import StoreUnavailable
from domain.throttle import Limits
from handlers.connection_shares import ConnectionShares
from tests.fakes.throttles import MemoryThrottles

RELAY = "relay:default"


class Wanting:
    """A relay whose connections are as many as the test says."""

    def __init__(self, wants: int = 0) -> None:
        self.wants = wants
        self.open = 0
        self.allowed: list[int | None] = []

    def wanted(self) -> int:
        return self.wants

    def allow(self, count: int | None) -> None:
        self.allowed.append(count)
        self.open = self.wants if count is None else min(self.wants, count)


class Counting(MemoryThrottles):
    asks = 0
    away = False

    async def connect(self, ask: ConnectionAsk) -> int | None:
        self.asks += 1
        if self.away:
            raise StoreUnavailable("no primary")
        return await super().connect(ask)


class Process:
    def __init__(self, throttles: MemoryThrottles, relay: Wanting, limit: int | None = 10, name: str = "a") -> None:
        self.now_s = 0.0
        limits = {RELAY: Limits(connections=limit)}
        self.shares = ConnectionShares(throttles, name, {RELAY: relay}, limits, lambda: self.now_s)
        self.shares.begin()

    async def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            assert await self.shares.look() == []
            self.now_s += 0.25


async def test_with_a_limit_nothing_is_open_before_the_others_were_asked() -> None:
    relay = Wanting(8)
    process = Process(Counting(), relay)
    assert relay.allowed == [0]
    await process.pass_time(0.25)
    assert relay.allowed == [0, 8]


async def test_without_a_limit_all_may_be_open_at_once_and_one_set_by_hand_counts_within_two_seconds() -> None:
    relay, throttles = Wanting(8), Counting()
    process = Process(throttles, relay, limit=None)
    assert relay.allowed == [None]
    await process.pass_time(1)
    await throttles.override(RELAY, Limits(connections=3))
    await process.pass_time(2)
    assert relay.open == 3


async def test_it_asks_once_a_second_while_it_sends_and_not_at_all_otherwise() -> None:
    relay, throttles = Wanting(8), Counting()
    process = Process(throttles, relay)
    await process.pass_time(10)
    assert throttles.asks == 10
    relay.wants = relay.open = 0
    await process.pass_time(2)  # that it has none any more is told too
    told = throttles.asks
    await process.pass_time(10)
    assert throttles.asks == told
    assert throttles.holders[RELAY] == ()


async def test_who_starts_to_send_again_waits_for_no_second() -> None:
    relay = Wanting()
    process = Process(Counting(), relay)
    await process.pass_time(10)
    relay.wants = 4
    await process.pass_time(0.25)
    assert relay.open == 4


async def test_two_processes_share_the_limit() -> None:
    throttles, one, other = MemoryThrottles(), Wanting(20), Wanting(20)
    processes = [Process(throttles, one, name="a"), Process(throttles, other, name="b")]
    for _ in range(5):
        for process in processes:
            await process.pass_time(1)
            assert one.open + other.open <= 10
    assert (one.open, other.open) == (5, 5)


async def test_while_the_store_is_away_what_was_allowed_last_counts() -> None:
    relay, throttles = Wanting(8), Counting()
    process = Process(throttles, relay)
    await process.pass_time(1)
    throttles.away = True
    with pytest.raises(StoreUnavailable):
        await process.pass_time(1)
    assert relay.allowed[-1] == 8


async def test_who_gets_no_answer_for_so_long_that_the_others_count_it_out_has_no_connections_any_more() -> None:
    relay, throttles = Wanting(8), Counting()
    process = Process(throttles, relay)
    await process.pass_time(1)
    throttles.away = True
    for _ in range(int(LIVE_S * 4)):
        with suppress(StoreUnavailable):
            await process.pass_time(0.25)
        process.now_s += 0.25
    assert relay.open == 0
    throttles.away = False
    await process.pass_time(1.5)
    assert relay.open == 8


async def test_without_a_limit_nobody_needs_an_answer() -> None:
    relay, throttles = Wanting(8), Counting()
    process = Process(throttles, relay, limit=None)
    throttles.away = True
    for _ in range(40):
        with suppress(StoreUnavailable):
            await process.pass_time(0.25)
        process.now_s += 0.25
    assert relay.allowed == [None]
