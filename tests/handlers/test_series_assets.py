"""R76: what a message of a series shows is looked at again before the message begins to be sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.assets import Fetched
from domain.campaign import Campaign, CampaignStatus, Report, hash_of
from domain.series import Passed, SeriesStatus
from tests.handlers.series_world import World, a_child
from tests.series_builders import a_series, a_step

ANN = "ann@example.com"
SHOP, LOGO = "https://green.shop/", "https://green.shop/logo.png"
VIDEO = "https://youtu.be/dQw4w9WgXcQ"
OEMBED = "https://www.youtube.com/oembed?format=json&url=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3DdQw4w9WgXcQ"
LOOK = timedelta(seconds=6)  #: after which messages are looked at again
AGAIN = timedelta(seconds=601)
TWO = a_series(a_step(), a_step("other"))


def linking(campaign_id: str, *urls: str, **given: object) -> Campaign:
    """A reviewed message with these links and a logo."""
    html = "".join(f'<a href="{url}">see</a>' for url in urls) + f'<img src="{LOGO}">'
    child = replace(a_child(campaign_id, status=CampaignStatus.REVIEWED), report=Report())
    child = replace(child, content=replace(child.content, html=html), **given)  # type: ignore[arg-type]
    return replace(child, reviewed_hash=hash_of(child))


async def joined(world: World, *children: Campaign) -> World:
    for child in children:
        world.campaigns.stored[child.id] = child
    await world.joins(ANN)
    return world


async def test_a_message_whose_links_are_there_begins_and_is_looked_at_once() -> None:
    world = await joined(World(), linking("welcome-hello", SHOP))
    for _ in range(3):
        await world.ticks(LOOK)
    assert world.child().status is CampaignStatus.SENDING
    assert world.planned() == ["welcome-hello:0"]
    assert world.assets.asked == [SHOP, LOGO]


async def test_a_dead_link_keeps_it_back_with_its_reason_until_it_is_there_again() -> None:
    world = await joined(World(), linking("welcome-hello", SHOP))
    world.assets.answers[SHOP] = Fetched(410)
    await world.ticks()
    kept = world.child()
    assert (kept.status, world.planned()) == (CampaignStatus.REVIEWED, [])
    assert "https://green.shop/ is dead" in (kept.status_reason or "")
    assert [each.rule for each in (kept.report or Report()).findings] == ["dead-link"]
    assert "campaigns series apply" in (kept.report or Report()).findings[0].fix
    world.assets.asked.clear()
    await world.ticks(LOOK)
    assert (world.assets.asked, world.child()) == ([], kept), "a repeat changes nothing, and asks nobody"
    await world.ticks(AGAIN)
    assert (world.assets.asked, world.child()) == ([SHOP, LOGO], kept)
    world.assets.answers.clear()
    await world.ticks(AGAIN)
    assert (world.child().status, world.child().status_reason) == (CampaignStatus.SENDING, None)
    assert world.planned() == ["welcome-hello:0"]


async def test_what_is_reviewed_again_is_looked_at_at_once() -> None:
    world = await joined(World(), linking("welcome-hello", SHOP, review_run="r1"))
    world.assets.answers[SHOP] = Fetched(404)
    await world.ticks()
    world.campaigns.stored["welcome-hello"] = linking("welcome-hello", review_run="r2")
    await world.ticks(LOOK)
    assert world.child().status is CampaignStatus.SENDING


async def test_an_image_that_is_not_the_reviewed_one_keeps_it_back() -> None:
    world = await joined(World(), linking("welcome-hello", reviewed_assets={LOGO: "etag-1"}))
    world.assets.answers[LOGO] = Fetched(200, fingerprint='"2"')
    await world.ticks()
    assert world.child().status is CampaignStatus.REVIEWED
    assert world.child().status_reason == f"changed since its review: {LOGO}"


async def test_a_deleted_video_cancels_the_message_and_nobody_waits_for_it() -> None:
    world = await joined(World([TWO]), linking("welcome-hello", VIDEO))
    world.assets.answers[OEMBED] = Fetched(404)
    await world.ticks()
    await world.ticks(LOOK)
    assert world.child().status is CampaignStatus.CANCELLED
    assert "was deleted" in (world.child().status_reason or "")
    assert world.entry().passed == {"hello": Passed.ENDED}
    assert world.planned() == ["welcome-other:0"]


async def test_two_processes_look_once_while_one_has_the_lease() -> None:
    world = await joined(World(), linking("welcome-hello", SHOP))
    world.assets.answers[SHOP] = Fetched(404)
    second = world.new_keeper("second")
    await world.ticks()
    await second.tick()
    assert world.assets.asked == [SHOP, LOGO]


@pytest.mark.parametrize("meanwhile", ["paused", "changed"])
async def test_a_series_that_is_paused_or_changed_during_the_look_does_not_begin_by_what_was(meanwhile: str) -> None:
    world = await joined(World(), linking("welcome-hello", SHOP))
    seen = world.assets.fetch

    async def fetch(urls: Collection[str]) -> Mapping[str, Fetched]:
        known = world.stored.stored["welcome"]
        changed = (
            known.moved_to(SeriesStatus.PAUSED, at=world.now) if meanwhile == "paused" else replace(known, name="B")
        )
        await world.stored.save(changed, expected={SeriesStatus.RUNNING})
        return await seen(urls)

    world.assets.fetch = fetch  # type: ignore[method-assign]
    await world.ticks()
    assert world.child().status is CampaignStatus.REVIEWED
    world.assets.fetch = seen  # type: ignore[method-assign]
    if meanwhile == "paused":
        await world.moves(SeriesStatus.RUNNING)
    await world.ticks(LOOK)
    assert world.child().status is CampaignStatus.SENDING, "it is looked at again as soon as it goes on"


async def test_after_a_look_that_took_long_others_have_their_turn() -> None:
    world = await joined(World([TWO]), linking("welcome-hello", SHOP), linking("welcome-other", SHOP))
    seen = world.assets.fetch

    async def slow(urls: Collection[str]) -> Mapping[str, Fetched]:
        world.now += timedelta(seconds=30)
        return await seen(urls)

    world.assets.fetch = slow  # type: ignore[method-assign]
    await world.ticks()
    assert [world.child("hello").status, world.child("other").status] == [
        CampaignStatus.SENDING,
        CampaignStatus.REVIEWED,
    ]
    assert world.assets.asked == [SHOP, LOGO]
    await world.ticks(timedelta(seconds=61))
    assert world.child("other").status is CampaignStatus.SENDING
