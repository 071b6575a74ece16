"""The feed at a web address: in order, none left out, and an address that fails holds up only its own stream."""

from __future__ import annotations

from domain.feed import Entry
from domain.webhook import RETRY_DELAYS_S, Position
from handlers.webhook import WebhookSender
from tests.builders import NOW, later
from tests.fakes.leases import MemoryLeases
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.webhook_positions import MemoryWebhookPositions


class MemoryWebhook:
    def __init__(self) -> None:
        self.taken: list[tuple[str, int]] = []
        self.refuses: set[str] = set()  #: streams

    async def post(self, entry: Entry) -> str | None:
        if entry.stream in self.refuses:
            return "answered 500"
        self.taken.append((entry.stream, entry.number))
        return None


class World:
    def __init__(self, at_once: int = 100) -> None:
        self.outbox, self.positions = MemoryOutbox(), MemoryWebhookPositions()
        self.webhook, self.leases, self.now = MemoryWebhook(), MemoryLeases(), NOW
        self.sender = WebhookSender(
            self.outbox, self.positions, self.webhook, self.leases, lambda: self.now, "a", at_once=at_once
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
    assert world.webhook.taken == [("contacts", 1), ("contacts", 2), ("contacts", 3), ("syncs", 1)]


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


async def test_a_tick_delivers_no_more_than_it_may() -> None:
    world = World(at_once=2)
    await world.told("contacts", 1, 3)
    await world.told("syncs", 1, 1)
    await world.sender.tick()
    assert world.webhook.taken == [("contacts", 1), ("contacts", 2)]
    await world.sender.tick()
    assert world.webhook.taken[2:] == [("contacts", 3), ("syncs", 1)]


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
    assert world.positions.stored["contacts"] == Position("contacts", 6, revision=2)
