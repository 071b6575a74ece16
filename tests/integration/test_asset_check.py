"""R76 the whole way: a real web server, real workers, and what becomes of the campaign."""

from __future__ import annotations

import re
from dataclasses import replace

from domain.campaign import CampaignStatus, Content, hash_of
from domain.email import EmailState
from domain.videos import VideoSite
from gateways.assets import AssetOptions, HttpAssets
from gateways.catcher import Catcher, CatcherOptions
from gateways.public_network import networks
from handlers.asset_check import AssetCheck
from messages.send_requested import SendRequested
from tests.integration.web_server import WebServer, web_server
from tests.integration.whole_way import SENDERS, World, people, world
from tests.waiting import wait_until

SEND = SendRequested(campaign_id="spring")
ALLOWED = {"assets__allow_networks": "127.0.0.1/32", "assets__timeout_s": "2"}


def linking(*urls: str) -> Content:
    links = "".join(f'<a href="{url}">see</a>' for url in urls)
    return Content("Hello", html=f'{links}<a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a>', text="Hello")


async def reviewed(here: World, count: int, *urls: str) -> None:
    """A reviewed campaign whose content leads there."""
    await here.reviewed(people(count))
    found = await here.campaign()
    told = replace(found, content=linking(*urls))
    await here.stores.campaigns.save(replace(told, reviewed_hash=hash_of(told)), expected={CampaignStatus.REVIEWED})


async def test_a_deleted_video_cancels_the_campaign_and_nobody_is_mailed(deployment: dict[str, str]) -> None:
    async with (
        web_server() as web,
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, **ALLOWED) as here,
        here.working(*SENDERS),
    ):
        await reviewed(here, 30, web.url("200"), web.url("404.mp4"))
        await here.publish(SEND)
        cancelled = await here.until_status(CampaignStatus.CANCELLED)
        assert cancelled.status_reason == f"the video {web.url('404.mp4')} was deleted (the server answered 404)"
        assert cancelled.report is not None
        assert [finding.rule for finding in cancelled.report.findings] == ["deleted-video"]

        async def settled() -> bool:
            return (await here.books()).skips == {"cancelled": 30}

        await wait_until(settled, timeout_s=60, what="everybody is skipped")
        assert (await here.books()).closed
        assert catcher.accepted.total() == 0


async def test_a_dead_link_is_told_to_who_sends_and_the_campaign_goes_out_when_it_is_back(
    deployment: dict[str, str],
) -> None:
    async with (
        web_server() as web,
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, **ALLOWED) as here,
        here.working(*SENDERS),
    ):
        web.redirects["shop"] = "/410"
        await reviewed(here, 30, web.url("shop"), web.url("hang"))
        await here.publish(SEND)
        parked = await here.parked("send-requested")
        assert parked.reason == "not_ready"
        assert f"the link {web.url('shop')} is dead: the server answered 410" in parked.error
        assert (await here.campaign()).status is CampaignStatus.REVIEWED
        assert catcher.accepted.total() == 0
        web.redirects["shop"] = "/200"
        await here.publish(SEND)
        sent = await here.until_status(CampaignStatus.SENT)
        assert sent.report is not None
        assert [finding.text for finding in sent.report.findings] == [
            f"the link {web.url('hang')} could not be checked: no answer in time"
        ]
        assert (await here.books()).states == {EmailState.SENT: 30}


async def test_addresses_of_our_own_network_are_not_asked_and_stop_nothing(deployment: dict[str, str]) -> None:
    """SSRF: a link in a content is no way into the network that we stand in."""
    async with (
        web_server() as web,
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port) as here,
        here.working(*SENDERS),
    ):
        await reviewed(here, 30, web.url("404"))
        await here.publish(SEND)
        sent = await here.until_status(CampaignStatus.SENT)
        assert web.requests == []
        assert sent.report is not None
        assert [finding.rule for finding in sent.report.findings] == ["unchecked-asset"]


async def test_a_site_with_videos_is_asked_for_each() -> None:
    """As YouTube is, with another table of addresses."""
    async with web_server() as web:
        check = AssetCheck(HttpAssets(AssetOptions(allowed=networks("127.0.0.1/32"))), (site_on(web),))
        contents = linking(*(f"https://tube.shop/v/{video}" for video in ("200", "404", "401", "403")))
        found = (await check(contents)).findings
    assert [(finding.rule, finding.text.partition(" was")[0]) for finding in found] == [
        ("deleted-video", "the video https://tube.shop/v/404"),
        ("deleted-video", "the video https://tube.shop/v/403"),
    ]


def site_on(web: WebServer) -> VideoSite:
    """Its thumbnail of 401 is there, and that of 403 is not."""
    web.redirects |= {"thumbnail-401": "/200", "thumbnail-403": "/404"}
    return VideoSite(
        "Tube",
        re.compile(r"tube\.shop/v/(?P<id>\d+)"),
        "https://tube.shop/v/{id}",
        (web.url("{id}?oembed={page}"), web.url("thumbnail-{id}")),
    )


async def test_a_check_that_is_switched_off_asks_nobody(deployment: dict[str, str]) -> None:
    async with (
        web_server() as web,
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, **ALLOWED, assets__check="false") as here,
        here.working(*SENDERS),
    ):
        await reviewed(here, 30, web.url("404.mp4"))
        await here.publish(SEND)
        await here.until_status(CampaignStatus.SENT)
        assert web.requests == []
