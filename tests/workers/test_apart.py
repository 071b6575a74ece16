"""Trouble of one campaign, or of one series, is kept from the others of the same tick."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from domain.campaign import Campaign, CampaignStatus
from domain.errors import Conflict, NotReady, StoreUnavailable
from domain.series import Series
from handlers.scheduler import Round, Scheduler
from handlers.timers import Timers
from messages.base import Message
from messages.send_batch import SendBatch
from tests.builders import NOW, a_campaign
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.leases import MemoryLeases
from tests.series_builders import a_series
from workers.apart import apart
from workers.series import series_apart


def scheduler(error: Exception) -> Scheduler:
    async def concern(campaign: Campaign) -> Sequence[Message]:
        if campaign.id == "broken":
            raise error
        return [SendBatch(campaign_id=campaign.id, slice=0)]

    campaigns = MemoryCampaigns(*(a_campaign(each, status=CampaignStatus.SENDING) for each in ("a", "broken", "z")))
    rounds = [Round("sending", frozenset({CampaignStatus.SENDING}), [concern])]
    return Scheduler(rounds, campaigns, MemoryLeases(), Timers(lambda: NOW), apart, "s")


@pytest.mark.parametrize("error", [Conflict("changed"), NotReady("not yet"), KeyError("a bug")])
async def test_the_other_campaigns_go_on(error: Exception) -> None:
    messages = await scheduler(error).tick()
    assert messages == [SendBatch(campaign_id="a", slice=0), SendBatch(campaign_id="z", slice=0)]


async def test_a_store_that_is_away_ends_the_tick() -> None:
    with pytest.raises(StoreUnavailable):
        await scheduler(StoreUnavailable("no primary")).tick()


@pytest.mark.parametrize("error", [Conflict("changed"), NotReady("not yet"), KeyError("a bug")])
async def test_the_other_series_go_on(error: Exception) -> None:
    async def care(series: Series) -> bool:
        if series.id == "broken":
            raise error
        return True

    cared = [await series_apart(care, a_series(id=name)) for name in ("a", "broken", "z")]
    assert cared == [True, False, True]


async def test_a_store_that_is_away_is_everybodys_trouble() -> None:
    async def care(series: Series) -> bool:
        raise StoreUnavailable(series.id)

    with pytest.raises(StoreUnavailable):
        await series_apart(care, a_series())
