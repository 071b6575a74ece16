"""Batches larger than the claim window: begun portion by portion, and what of them is in doubt when a worker dies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from domain.campaign import CampaignStatus
from domain.contact import OptOut
from domain.email import EmailState
from domain.errors import RelayUnavailable, StoreUnavailable
from domain.slices import SliceState
from handlers.claim_window import ClaimWindow, Room
from handlers.in_doubt import Verdict, settle_by_hand
from handlers.recording import Recorder
from handlers.send_batch import BatchSender
from messages.send_batch import SendBatch
from tests.builders import NOW, a_contact
from tests.fakes.relay import MemoryRelay
from tests.handlers.sending import World, numbers

BATCH = SendBatch(campaign_id="spring", slice=0)


class Portions(World):
    """One batch of eight in portions of two; the window takes four."""

    def __init__(self, relay: MemoryRelay | None = None, **given: Any) -> None:
        super().__init__(count=8, per_slice=8, portion=2, relay=relay or MemoryRelay(), **given)
        self.window = ClaimWindow(4, sleep=self.sleep)

    def sender(self, owner: str = "worker-1") -> BatchSender:
        sender = super().sender(owner)
        recorder = Recorder(sender.send.writer.tried, size=1)
        return replace(sender, send=replace(sender.send, window=self.window, recorder=recorder))

    @property
    def slice(self) -> SliceState:
        return self.slices.stored["spring:0"].state

    def ids(self) -> list[str]:
        return sorted(self.emails.stored)


class Silent(MemoryRelay):
    """Answers nothing of the portions whose numbers are named until it is told to."""

    def __init__(self, *silent: int) -> None:
        super().__init__()
        self.silent = silent
        self.portions: list[list[str]] = []
        self.may = asyncio.Event()

    async def deliver(self, mails, keep_going):  # type: ignore[no-untyped-def]
        self.portions.append([mail.email_id for mail in mails])
        if len(self.portions) - 1 in self.silent:
            await self.may.wait()
        async for attempt in super().deliver(mails, keep_going):
            yield attempt


async def turns(count: int = 60) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_batch_is_begun_in_portions_in_the_order_of_its_rows_and_never_beyond_the_window() -> None:
    world = Portions(relay=(relay := Silent(0, 1)))
    await world.planned()
    sending = asyncio.create_task(world.sender()(BATCH))
    await turns()
    assert relay.portions == [world.ids()[:2], world.ids()[2:4]]
    assert world.slices.stored["spring:0"].started_through == world.ids()[3]
    assert world.window.in_use == 4
    relay.may.set()
    await sending
    assert [each for portion in relay.portions for each in portion] == world.ids()
    assert (world.states, world.slice, world.window.in_use) == ({EmailState.SENT: 8}, SliceState.DONE, 0)


async def test_a_portion_that_hangs_holds_up_no_other() -> None:
    world = Portions(relay=(relay := Silent(0)))
    await world.planned()
    sending = asyncio.create_task(world.sender()(BATCH))
    await turns(600)
    assert len(relay.portions) == 4
    relay.may.set()
    await sending
    assert world.states == {EmailState.SENT: 8}


async def test_of_a_killed_workers_batch_only_what_it_had_begun_is_in_doubt_and_the_rest_is_sent() -> None:
    world = Portions(relay=Silent(1))
    await world.planned()
    killed = asyncio.create_task(world.sender("killed")(BATCH))
    await turns()
    killed.cancel()
    await asyncio.wait([killed])
    scheduler = world.scheduler()
    world.pass_time(61)
    await scheduler.tick()
    world.pass_time(15)
    offered = numbers(await scheduler.tick())
    assert offered == [0]
    assert (world.slice, world.slices.stored["spring:0"].started_through) == (SliceState.PLANNED, None)
    doubtful = world.states[EmailState.IN_DOUBT]
    assert 0 < doubtful <= 4
    world.relay = MemoryRelay()
    await world.send_all(offered)
    assert world.states == {EmailState.IN_DOUBT: doubtful, EmailState.SENT: 8 - doubtful}
    assert {row.detail for row in world.emails.stored.values()} == {None, "held by killed"}


async def test_an_outage_in_one_portion_gives_the_rest_back_and_leaves_no_doubt() -> None:
    world = Portions(relay=(relay := MemoryRelay(down_after=3)))
    await world.planned()
    with pytest.raises(RelayUnavailable):
        await world.send(0)
    assert world.states == {EmailState.SENT: 3, EmailState.PLANNED: 5}
    assert world.slice is SliceState.PLANNED
    relay.down_after = None
    await world.send(0)
    assert (world.states, len(relay.taken)) == ({EmailState.SENT: 8}, 8)


async def test_a_pause_between_portions_gives_the_rest_back() -> None:
    world = Portions(relay=(relay := Silent(1)))
    await world.planned()
    sending = asyncio.create_task(world.sender()(BATCH))
    await turns()
    world.status(CampaignStatus.PAUSED)
    await turns()
    relay.may.set()
    assert await sending == []
    assert world.slice is SliceState.PLANNED
    assert world.states == {EmailState.SENT: len(relay.taken), EmailState.PLANNED: 8 - len(relay.taken)}
    assert len(relay.taken) < 8


@pytest.mark.parametrize("stored", [True, False])
async def test_a_later_portion_whose_begin_is_not_confirmed_is_given_back(stored: bool) -> None:
    world = Portions(relay=(relay := MemoryRelay()))
    await world.planned()
    start: Callable[..., Awaitable[bool]] = world.slices.start
    calls = iter([True, True, False, *[True] * 9])

    async def unconfirmed(*wanted: Any, **how: Any) -> bool:
        confirmed = next(calls)
        answer = await start(*wanted, **how) if confirmed or stored else False
        if not confirmed:
            raise StoreUnavailable("no majority confirmed it")
        return answer

    world.slices.start = unconfirmed  # type: ignore[assignment, method-assign]
    with pytest.raises(StoreUnavailable):
        await world.send(0)
    assert world.states == {EmailState.SENT: 4, EmailState.PLANNED: 4}
    assert world.slice is SliceState.PLANNED
    await world.send(0)
    assert (world.states, len(relay.taken)) == ({EmailState.SENT: 8}, 8)


async def test_who_unsubscribes_while_a_portion_waits_for_long_is_skipped() -> None:
    """What was decided of people holds for five seconds on the holder's clock."""
    world = Portions(relay=(relay := Silent(0, 1)))
    await world.planned()
    sending = asyncio.create_task(world.sender()(BATCH))
    await turns()
    last = world.emails.stored[world.ids()[-1]]
    world.contacts.stored[last.contact_id] = a_contact(last.address, opt_out=OptOut(NOW, "unsubscribe:x"))
    while world.looked_s < 6:
        await asyncio.sleep(0)
    relay.may.set()
    await sending
    assert world.emails.stored[last.id].state is EmailState.SKIPPED
    assert (world.states[EmailState.SENT], world.window.in_use) == (7, 0)


async def test_room_that_the_relay_gave_back_is_kept_until_the_batch_is_free() -> None:
    """Killed before, its rows would be in doubt; so others do not get it meanwhile."""
    world = Portions(relay=(relay := Silent(1)))
    relay.down_after = 1
    await world.planned()
    sending = asyncio.create_task(world.sender()(BATCH))
    await turns()
    assert (await asyncio.wait({sending}, timeout=0))[1], "a portion hangs"
    assert world.window.in_use >= 3
    relay.may.set()
    with pytest.raises(RelayUnavailable):
        await sending
    assert world.window.in_use == 0


async def test_what_is_in_doubt_is_settled_by_hand_while_the_rest_of_its_batch_is_sent() -> None:
    world = await Portions().planned()
    _, held = await world.slices.claim("spring", 0, "killed", 60)
    await world.slices.start(held, 60, through=world.ids()[2])
    scheduler = world.scheduler()
    world.pass_time(61)
    await scheduler.tick()
    world.pass_time(15)
    await scheduler.tick()
    assert await settle_by_hand(world.emails, "spring", None, Verdict.SENT, by="ann", at=world.now) == 3
    await world.send(0)
    assert world.states == {EmailState.SENT: 8}


async def test_a_batch_begun_by_a_worker_of_the_last_version_is_in_doubt_as_a_whole() -> None:
    """It does not say how far it had come."""
    world = await Portions().planned()
    _, held = await world.slices.claim("spring", 0, "old", 60)
    await world.slices.start(held, 60)
    scheduler = world.scheduler()
    world.pass_time(61)
    await scheduler.tick()
    world.pass_time(15)
    await scheduler.tick()
    assert (world.states, world.slice) == ({EmailState.IN_DOUBT: 8}, SliceState.DONE)


async def test_a_batch_does_not_give_way_to_itself() -> None:
    """Its next portion waits for room, and nobody else does."""
    window = ClaimWindow(4)
    mine, other = Room(window, "spring"), Room(window, "spring")
    assert await mine.more(4, lambda: True)
    next_portion = asyncio.create_task(mine.more(2, lambda: True))
    await turns(5)
    assert not mine.others_wait
    behind = asyncio.create_task(other.more(1, lambda: True))
    await turns(5)
    assert mine.others_wait
    mine.leave()
    assert await next_portion
    assert await behind


async def test_a_claim_that_is_lost_between_portions_begins_no_further_mail() -> None:
    world = Portions(relay=(relay := Silent(1)))
    await world.planned()
    sending = asyncio.create_task(world.sender()(BATCH))
    await turns()
    lost = world.slices.stored["spring:0"]
    world.slices.stored["spring:0"] = replace(lost, epoch=lost.epoch + 1)
    relay.may.set()
    await sending
    assert len(relay.taken) < 8
    assert world.slices.stored["spring:0"].epoch == lost.epoch + 1
    assert world.slice is SliceState.STARTED


async def test_urgent_portions_fit_what_is_kept_free_for_them() -> None:
    """While ordinary batches fill their part of the window, an urgent one begins all the same."""
    world = await Portions(relay=(relay := Silent())).planned()
    world.window = ClaimWindow(4, reserve=1, sleep=world.sleep)
    ordinary = Room(world.window, "spring")
    assert await ordinary.more(3, lambda: True)
    await world.sender()(BATCH.model_copy(update={"urgent": True}))
    assert {len(portion) for portion in relay.portions} == {1}
    assert world.states == {EmailState.SENT: 8}
