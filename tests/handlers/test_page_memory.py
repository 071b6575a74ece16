"""What the pages remember for a moment: campaigns, clicks, and questions asked together."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from domain.campaign import CampaignStatus
from domain.errors import StoreUnavailable
from handlers.gathered import Gathered
from handlers.known_campaigns import KnownCampaigns
from handlers.recent_clicks import RecentClicks
from tests.builders import NOW, a_campaign
from tests.fakes.campaigns import MemoryCampaigns


class Asked:
    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble
        self.rounds: list[set[str]] = []

    async def __call__(self, keys: Collection[str]) -> Mapping[str, int]:
        self.rounds.append(set(keys))
        await asyncio.sleep(0)
        if self.trouble:
            raise self.trouble
        return {key: len(key) for key in keys if key != "nobody"}


async def test_questions_of_one_moment_are_one_query() -> None:
    asked = Asked()
    gathered = Gathered(asked)
    assert await asyncio.gather(*(gathered.of(key) for key in ("a", "bb", "bb", "nobody"))) == [1, 2, 2, None]
    assert await gathered.of("a") == 1
    assert asked.rounds == [{"a", "bb", "nobody"}, {"a"}]


async def test_who_asks_while_a_query_is_under_way_is_in_the_next_one() -> None:
    asked = Asked()
    gathered = Gathered(asked)
    first = asyncio.create_task(gathered.of("a"))
    while not asked.rounds:
        await asyncio.sleep(0)
    assert await asyncio.gather(gathered.of("bb"), gathered.of("ccc"), first) == [2, 3, 1]
    assert asked.rounds == [{"a"}, {"bb", "ccc"}]


async def test_trouble_is_told_to_each_who_asked_and_to_nobody_after() -> None:
    asked = Asked(StoreUnavailable("away"))
    gathered = Gathered(asked)
    told = await asyncio.gather(*(gathered.of(key) for key in "ab"), return_exceptions=True)
    assert [type(each) for each in told] == [StoreUnavailable] * 2
    asked.trouble = None
    assert await gathered.of("a") == 1


async def test_who_leaves_takes_nobody_elses_answer_along() -> None:
    gathered = Gathered(Asked())
    leaving, staying = asyncio.create_task(gathered.of("a")), asyncio.create_task(gathered.of("b"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving


def test_clicks_are_counted_for_some_seconds_only() -> None:
    clock_s = 0.0
    recent = RecentClicks(lambda: clock_s)
    assert [recent.note("e", link, "c") for link in (1, 1, 2)] == [(1, 1), (1, 1), (2, 1)]
    assert recent.note("f", 1, "c") == (1, 2)
    assert recent.note("g", 1, None) == recent.note("h", 1, None) == (1, 1), "nobody knows whose address it is"
    clock_s = 60
    assert recent.note("e", 3, "c") == (1, 1)


def test_a_flood_of_clicks_does_not_fill_the_memory() -> None:
    recent = RecentClicks(lambda: 0.0)
    assert max(recent.note("e", link, "c") for link in range(1000)) == (50, 1)
    for number in range(10_001):
        recent.note(str(number), 0, str(number))
    assert recent.note("e", 0, "c") == (1, 1), "it was forgotten"


async def test_a_campaign_is_read_anew_after_half_a_minute() -> None:
    clock_s, html = 0.0, '<a href="https://x.example/1">1</a>'
    campaign = a_campaign(status=CampaignStatus.SENDING)
    stored = MemoryCampaigns(replace(campaign, content=replace(campaign.content, html=html)))
    known = KnownCampaigns(stored, lambda: clock_s)
    first = await known.of("spring")
    assert first is not None
    assert (first.links, first.out_since) == (("https://x.example/1",), None)
    stored.stored["spring"] = replace(stored.stored["spring"], status=CampaignStatus.SENT, status_at=NOW)
    assert await known.of("spring") == first
    clock_s = 30
    after = await known.of("spring")
    assert after is not None
    assert (after.links, after.out_since) == (first.links, NOW)
    assert await known.of("gone") is None


async def test_while_mongodb_is_away_links_lead_where_they_led(monkeypatch: pytest.MonkeyPatch) -> None:
    clock_s, stored = 0.0, MemoryCampaigns(a_campaign())
    known = KnownCampaigns(stored, lambda: clock_s)
    before = await known.of("spring")

    async def away(_: str) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(stored, "get", away)
    clock_s = 3600
    assert await known.of("spring") == before
    with pytest.raises(StoreUnavailable):
        await known.of("autumn")
