"""Batches that are ready before the wire is: claimed, loaded and written, and waiting for room in the claim window."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from domain.campaign import CampaignStatus
from domain.email import EmailState
from domain.slices import SliceState
from handlers.claim_window import ClaimWindow, Room
from handlers.send_batch import BatchSender
from messages.base import Message
from messages.send_batch import SendBatch
from tests.fakes.relay import MemoryRelay
from tests.handlers.sending import World, numbers


class Full(World):
    """Every place of the window is taken by another batch of the process."""

    async def ready(self) -> tuple[BatchSender, Room]:
        await self.planned()
        window = ClaimWindow(4, sleep=self.sleep)
        taken = Room(window, "spring")
        assert await taken.more(4, lambda: True)
        sender = self.sender()
        return replace(sender, send=replace(sender.send, window=window)), taken


async def offered(sender: BatchSender, number: int, *, urgent: bool = False) -> asyncio.Task[list[int | None]]:
    """The batch as it waits; the task gives the slices that follow."""

    async def followers() -> list[int | None]:
        found: list[Message] = list(await sender(SendBatch(campaign_id="spring", slice=number, urgent=urgent)))
        return numbers(found)

    task = asyncio.create_task(followers())
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def test_a_batch_without_room_is_claimed_and_not_started() -> None:
    """Killed now, it leaves nobody in doubt."""
    world = Full(relay=(relay := MemoryRelay()))
    sender, taken = await world.ready()
    waits = await offered(sender, 0)
    assert world.slices.stored["spring:0"].state is SliceState.CLAIMED
    assert relay.tries == []
    taken.leave()
    assert await waits == [2]
    assert world.states == {EmailState.SENT: 2, EmailState.PLANNED: 4}


async def test_room_is_left_when_a_batch_has_ended() -> None:
    world = Full()
    sender, taken = await world.ready()
    taken.leave()
    await (await offered(sender, 0))
    assert sender.send.window.in_use == 0


async def test_a_pause_while_a_batch_waits_gives_it_back() -> None:
    world = Full(relay=(relay := MemoryRelay()))
    sender, _ = await world.ready()
    waits = await offered(sender, 0)
    world.status(CampaignStatus.PAUSED)
    assert await waits == []
    assert world.slices.stored["spring:0"].state is SliceState.PLANNED
    assert relay.tries == []


async def test_a_process_that_is_to_end_offers_a_waiting_batch_to_another() -> None:
    world = Full()
    sender, _ = await world.ready()
    waits = await offered(sender, 0)
    world.stops = True
    assert await waits == [0]
    assert world.slices.stored["spring:0"].state is SliceState.PLANNED


async def test_a_batch_that_waits_for_long_is_given_back_and_decided_anew() -> None:
    """What was decided of its people grows old: five seconds by the clock of the holder."""
    world = Full(relay=(relay := MemoryRelay()))
    sender, taken = await world.ready()
    assert await (await offered(sender, 0)) == [0]
    assert world.slices.stored["spring:0"].state is SliceState.PLANNED
    taken.leave()
    assert await (await offered(sender, 0)) == [2]
    assert len(relay.taken) == 2


async def test_a_batch_whose_claim_was_lost_while_it_waited_sends_nothing() -> None:
    world = Full(relay=(relay := MemoryRelay()))
    sender, taken = await world.ready()
    waits = await offered(sender, 0)
    await world.slices.claim("spring", 0, "worker-1", 60)  # the same batch was offered twice
    taken.leave()
    assert await waits == []
    assert relay.tries == []
    assert sender.send.window.in_use == 0


async def test_a_slow_batch_gives_the_rest_back_when_its_turn_is_over_and_others_wait() -> None:
    """Five seconds on the holder's clock, of which each mail takes three."""

    class Slow(MemoryRelay):
        async def deliver(self, mails, keep_going):  # type: ignore[no-untyped-def]
            async for attempt in super().deliver(mails, keep_going):
                world.looked_s += 3
                await asyncio.sleep(0)
                yield attempt

    world = Full(count=8, per_slice=4, relay=Slow(), look_s=0)
    sender, taken = await world.ready()
    taken.leave()
    alone = await offered(sender, 0)
    assert await alone == []
    assert world.states == {EmailState.SENT: 4, EmailState.PLANNED: 4}
    others = Room(sender.send.window, "spring")
    waiting = asyncio.create_task(others.more(9, lambda: True))
    slow = await offered(sender, 1)
    assert await waiting
    others.leave()
    waiting = asyncio.create_task(others.more(4, lambda: True))
    assert await slow == [1]
    assert world.slices.stored["spring:1"].state is SliceState.PLANNED
    assert world.states[EmailState.PLANNED] > 0
    assert await waiting
