"""Holding a batch: renewed in time, and let go of in time."""

from __future__ import annotations

import asyncio

import pytest

from domain.campaign import CampaignStatus
from domain.errors import StoreUnavailable
from domain.slices import Slice
from handlers.hold import Holder
from tests.builders import a_campaign
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.slices import MemorySlices

LEASE_S = 60


class Watched:
    """A holder of a batch on a clock that its sleeps move; `step` lets it look once."""

    def __init__(self) -> None:
        self.campaigns = MemoryCampaigns(a_campaign(status=CampaignStatus.SENDING))
        self.slices = MemorySlices()
        self.clock_s = 0.0
        self.stops = False
        self.turn = asyncio.Event()
        self.holder = Holder(
            self.campaigns, self.slices, lambda: self.stops, LEASE_S, 1, self.sleep, lambda: self.clock_s
        )

    async def sleep(self, seconds: float) -> None:
        await self.turn.wait()
        self.turn.clear()

    async def step(self, seconds: float) -> None:
        self.clock_s += seconds
        self.slices.pass_time(seconds)
        self.turn.set()
        for _ in range(10):
            await asyncio.sleep(0)

    async def held(self) -> Slice:
        await self.slices.plan("spring", [0])
        _, held = await self.slices.claim("spring", 0, "me", LEASE_S)
        await self.slices.start(held, LEASE_S)
        return held

    def mongo_is_away(self) -> None:
        async def away(*_: object) -> None:
            raise StoreUnavailable("no primary")

        self.campaigns.get = away  # type: ignore[method-assign, assignment]


@pytest.fixture
async def watched() -> Watched:
    return Watched()


async def test_the_lease_is_renewed_every_third_of_it(watched: Watched) -> None:
    async with watched.holder.holding(await watched.held(), watched.clock_s) as hold:
        for _ in range(20):
            await watched.step(20)
            assert hold.keep_going()
    assert await watched.slices.abandoned("spring") == []


async def test_a_lease_that_somebody_else_took_is_noticed(watched: Watched) -> None:
    held = await watched.held()
    async with watched.holder.holding(held, watched.clock_s) as hold:
        await watched.slices.finish(held)
        await watched.step(20)
        assert not hold.ours


@pytest.mark.parametrize("status", [CampaignStatus.PAUSED, CampaignStatus.CANCELLED])
async def test_a_campaign_that_is_no_longer_sent_is_noticed_at_the_next_look(
    watched: Watched, status: CampaignStatus
) -> None:
    async with watched.holder.holding(await watched.held(), watched.clock_s) as hold:
        watched.campaigns.stored["spring"] = a_campaign(status=status)
        await watched.step(1)
        assert (hold.wanted, hold.ours) == (False, True)


async def test_a_short_outage_is_borne_and_a_long_one_stops_before_the_lease_ends(watched: Watched) -> None:
    async with watched.holder.holding(await watched.held(), watched.clock_s) as hold:
        watched.mongo_is_away()
        for _ in range(39):
            await watched.step(1)
            assert hold.keep_going()
        await watched.step(1)
        assert not hold.keep_going()


async def test_a_process_that_was_frozen_sends_nothing_when_it_wakes_up(watched: Watched) -> None:
    """Its sender may run before the task that would find out."""
    async with watched.holder.holding(await watched.held(), watched.clock_s) as hold:
        watched.clock_s += LEASE_S
        assert not hold.keep_going()


async def test_a_process_that_is_to_end_stops_at_once(watched: Watched) -> None:
    async with watched.holder.holding(await watched.held(), watched.clock_s) as hold:
        watched.stops = True
        assert not hold.keep_going()


async def test_a_bug_while_renewing_stops_sending_and_is_not_silent(watched: Watched) -> None:
    async def broken(*_: object) -> None:
        raise KeyError("bug")

    async def held_while_broken() -> None:
        async with watched.holder.holding(await watched.held(), watched.clock_s) as hold:
            watched.campaigns.get = broken  # type: ignore[method-assign, assignment]
            await watched.step(1)
            assert not hold.keep_going()

    with pytest.raises(KeyError):
        await held_while_broken()
