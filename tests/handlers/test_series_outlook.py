"""How the messages of a series stand for one person, as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from domain.campaign import CampaignStatus
from domain.series_outlook import Ahead, Outlook
from handlers.series_outlook import Outlooks
from tests.handlers.series_world import World
from tests.series_builders import a_series, a_step, after_days, after_open

DAY = timedelta(days=1)
SERIES = a_series(a_step(), after_days("tips", 2), after_open())


async def seen(world: World) -> Sequence[Ahead]:
    outlooks = Outlooks(world.emails, world.contacts, world.clock)
    messages = {step.key: world.campaigns.stored[step.campaign_id] for step in SERIES.steps}
    return await outlooks.of(SERIES, world.entry(), messages)


async def test_what_it_says_comes_comes_and_looking_changes_nothing() -> None:
    world = World([SERIES])
    await world.joins("ann@example.com")
    await world.ticks()
    before = dict(world.entries.stored), dict(world.emails.stored)
    hello, tips, more = await seen(world)
    assert (dict(world.entries.stored), dict(world.emails.stored)) == before
    assert hello.stands is Outlook.PLANNED
    assert (tips.stands, tips.at) == (Outlook.COMES, world.now + 2 * DAY)
    assert more == Ahead("more", Outlook.WAITS)
    await world.ticks(2 * DAY)
    assert "welcome-tips:0" in world.planned()


async def test_a_message_whose_campaign_does_not_send_is_held_and_one_that_ended_is_passed() -> None:
    world = World([SERIES])
    for key, status in (("hello", CampaignStatus.PAUSED), ("tips", CampaignStatus.STOPPED)):
        await world.campaigns.save(world.child(key).moved_to(status, at=world.now), expected={CampaignStatus.SENDING})
    await world.joins("ann@example.com")
    await world.ticks()
    hello, tips, _ = await seen(world)
    assert (hello.stands, tips.stands) == (Outlook.HELD, Outlook.PASSED)
