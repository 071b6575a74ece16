"""Which campaigns a token may be of, without asking MongoDB each time."""

from __future__ import annotations

import asyncio

import pytest

from domain.errors import Incomplete
from domain.tracking import campaign_hint
from handlers.token_reader import TokenReader
from tests.builders import a_campaign
from tests.fakes.campaigns import MemoryCampaigns


class Counting(MemoryCampaigns):
    asked = 0

    async def ids(self) -> frozenset[str]:
        self.asked += 1
        await asyncio.sleep(0)
        return await super().ids()


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_known_campaign_is_found_without_asking_again() -> None:
    campaigns, clock = Counting(a_campaign()), Clock()
    reader = TokenReader(campaigns, clock)
    for _ in range(3):
        assert await reader.campaigns_of(campaign_hint("spring")) == {"spring"}
        assert await reader.exists("spring")
    assert campaigns.asked == 1


async def test_a_new_campaign_is_found_by_looking_again() -> None:
    campaigns, clock = Counting(), Clock()
    reader = TokenReader(campaigns, clock)
    assert await reader.campaigns_of(campaign_hint("spring")) == frozenset()
    await campaigns.add(a_campaign())
    with pytest.raises(Incomplete):  # forged tokens don't make us read all campaigns each time
        await reader.campaigns_of(campaign_hint("spring"))
    clock.now_s = 6
    assert await reader.campaigns_of(campaign_hint("spring")) == {"spring"}
    assert campaigns.asked == 2


async def test_those_who_ask_at_once_look_once() -> None:
    campaigns, clock = Counting(a_campaign()), Clock()
    reader = TokenReader(campaigns, clock)
    found = await asyncio.gather(*(reader.campaigns_of(campaign_hint("spring")) for _ in range(5)))
    assert found == [{"spring"}] * 5
    assert campaigns.asked == 1
