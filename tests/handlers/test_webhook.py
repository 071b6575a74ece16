"""The feed at a web address: in order, none left out, and an address that fails holds up only its own stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from domain.feed import Entry
from domain.webhook import RETRY_DELAYS_S, Position
from handlers.timers import Timers
from handlers.webhook import WebhookSender
from tests.builders import NOW, later
from tests.fakes.leases import MemoryLeases
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.webhook_positions import MemoryWebhookPositions


class MemoryWebhook:
    def __init__(self) -> None:
        self.taken: list[tuple[str, int]] = []
        self.refuses: set[str] = set()  #: streams
        self.hangs: dict[str, asyncio.Event] = {}  #: streams, until something happens

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[MemoryWebhook]:
        yield self

    async def post(self, entry: Entry) -> str | None:
        if entry.stream in self.hangs:
            await self.hangs[entry.stream].wait()
        if entry.stream in self.refuses:
            return "answered 500"
        self.taken.append((entry.stream, entry.number))
        return None

    def of(self, stream: str) -> list[int]:
        return [number for each, number in self.taken if each == stream]


class World:
    def __init__(self, **overrides: Any) -> None:
        self.outbox, self.positions = MemoryOutbox(), MemoryWebhookPositions()
        self.webhook, self.leases, self.now = MemoryWebhook(), MemoryLeases(), NOW
        self.sender = WebhookSender(
            self.outbox, self.positions, self.webhook, self.leases, Timers(lambda: self.now), "a", **overrides
        )

    async def told(self, stream: str, first: int, last: int) -> None:
        numbers = range(first, last + 1)
        await self.outbox.append([Entry(f"{stream}{n}", stream, "t", NOW, {}, number=n) for n in numbers], NOW)
        await self.outbox.published(stream, last)


async def test_each_stream_is_delivered_in_order_and_a_repeated_tick_changes_nothing() -> None:
    world = World()
    await world.told("contacts", 1, 3)
    await world.told("syncs", 1, 1)
    for _ in range(2):
        await world.sender.tick()
    assert world.webhook.of("contacts") == [1, 2, 3]
    assert world.webhook.of("syncs") == [1]


async def test_a_stream_that_is_refused_waits_and_the_others_go_on() -> None:
    world = World()
    await world.told("contacts", 1, 2)
    await world.told("syncs", 1, 1)
    world.webhook.refuses.add("contacts")
    for _ in range(3):
        await world.sender.tick()
    assert world.webhook.taken == [("syncs", 1)]
    assert world.positions.stored["contacts"].failures == 1
    world.webhook.refuses.clear()
    world.now = later(RETRY_DELAYS_S[0])
    await world.sender.tick()
    assert world.webhook.taken[1:] == [("contacts", 1), ("contacts", 2)]


async def test_what_is_refused_for_three_days_is_given_up_for_what_is_behind_it() -> None:
    world = World()
    await world.told("contacts", 1, 2)
    world.webhook.refuses.add("contacts")
    for _ in range(len(RETRY_DELAYS_S) + 1):
        await world.sender.tick()
        world.now = world.positions.stored["contacts"].next_at or world.now
    world.webhook.refuses.clear()
    await world.sender.tick()
    assert world.webhook.taken == [("contacts", 2)]
    assert world.positions.stored["contacts"].parked == (1,)


async def test_a_stream_that_hangs_holds_up_no_other() -> None:
    world = World()
    await world.told("campaign:spring", 1, 2)
    await world.told("contacts", 1, 2)
    world.webhook.hangs["campaign:spring"] = answers = asyncio.Event()
    tick = asyncio.create_task(world.sender.tick())
    async with asyncio.timeout(10):
        while world.webhook.of("contacts") != [1, 2]:
            await asyncio.sleep(0)
    assert world.webhook.of("campaign:spring") == []
    answers.set()
    await tick
    assert world.webhook.of("campaign:spring") == [1, 2]


async def test_who_has_little_to_say_does_not_wait_for_all_of_a_campaign() -> None:
    world = World(streams=1, at_once=2)
    await world.told("campaign:spring", 1, 6)
    await world.told("contacts", 1, 1)
    await world.sender.tick()
    assert world.webhook.taken[:3] == [("campaign:spring", 1), ("campaign:spring", 2), ("contacts", 1)]
    assert world.webhook.of("campaign:spring") == [1, 2, 3, 4, 5, 6]


async def test_after_its_time_a_tick_begins_no_turn_any_more() -> None:
    world = World(at_once=2, tick_s=0)
    await world.told("contacts", 1, 3)
    await world.sender.tick()
    assert world.webhook.of("contacts") == [1, 2]


async def test_what_is_numbered_and_not_published_yet_is_waited_for() -> None:
    world = World()
    await world.outbox.append([Entry("e1", "contacts", "t", NOW, {}, number=1)], NOW)
    await world.sender.tick()
    assert world.webhook.taken == []


async def test_a_kill_between_the_post_and_its_note_posts_the_same_once_more_and_loses_nothing() -> None:
    world = World()
    await world.told("contacts", 1, 3)
    await world.sender.tick()
    noted = world.positions.stored["contacts"]
    world.positions.stored["contacts"] = replace(noted, number=2)  # 3 was taken, and that was not written down
    await world.sender.tick()
    assert world.webhook.of("contacts") == [1, 2, 3, 3]


async def test_the_lease_is_renewed_while_delivering_and_who_lost_it_stops() -> None:
    world = World()
    await world.told("contacts", 1, 3)

    async def long_after(entry: Entry) -> str | None:
        world.webhook.taken.append((entry.stream, entry.number))
        world.now = later(61)
        world.leases.pass_time(61)
        assert await world.leases.take("webhook", "b", 60)
        return None

    world.webhook.post = long_after  # type: ignore[method-assign]
    await world.sender.tick()
    assert world.webhook.of("contacts") == [1]


async def test_only_who_has_the_lease_delivers() -> None:
    world = World()
    await world.told("contacts", 1, 1)
    await world.leases.take("webhook", "somebody else", 60)
    await world.sender.tick()
    assert world.webhook.taken == []


async def test_where_nothing_is_kept_any_more_it_goes_on_with_what_is() -> None:
    world = World()
    await world.told("contacts", 5, 6)
    await world.sender.tick()
    assert world.positions.stored["contacts"] == Position("contacts", 6, tried_at=NOW, revision=2)
