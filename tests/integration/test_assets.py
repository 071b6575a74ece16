"""What the link fetcher makes of a real web server on loopback (R76, D8), and whom it refuses to ask (SSRF)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence

import pytest

from domain.assets import Fetched, Trouble
from gateways.assets import AssetOptions, HttpAssets
from gateways.public_network import UnknownName, networks
from tests.fakes.assets import MemoryAssets
from tests.integration.web_server import WebServer, web_server


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with web_server() as found:
        yield found


LOOPBACK = AssetOptions(allowed=networks("127.0.0.1/32"), timeout_s=10)


async def fetched(url: str, options: AssetOptions = LOOPBACK) -> Fetched:
    return (await HttpAssets(options).fetch([url]))[url]


@pytest.mark.parametrize("assets", [MemoryAssets(), HttpAssets(LOOPBACK)], ids=["memory", "http"])
async def test_every_url_is_answered_once(assets: MemoryAssets | HttpAssets, web: WebServer) -> None:
    """The contract of the port."""
    urls = [web.url("200"), web.url("204"), web.url("200")]
    answers = await assets.fetch(urls)
    assert set(answers) == set(urls)
    assert all(answer.status in {200, 204} for answer in answers.values())
    assert await assets.fetch([]) == {}


@pytest.mark.parametrize("status", [200, 204, 401, 403, 404, 410, 429, 500, 503])
async def test_the_status_is_told(web: WebServer, status: int) -> None:
    assert (await fetched(web.url(str(status)))).status == status
    assert web.requests[0] == f"HEAD /{status}"
    assert web.agents == {"crm-campaigns link check"}


@pytest.mark.parametrize(("said", "counts"), [("200", 200), ("206", 206), ("404", 404), ("416", 200)])
async def test_a_server_that_refuses_head_is_asked_for_the_first_byte(web: WebServer, said: str, counts: int) -> None:
    assert (await fetched(web.url(f"nohead-{said}"))).status == counts
    assert web.requests == [f"HEAD /nohead-{said}", f"GET /nohead-{said}"]


async def test_a_huge_body_is_not_read(web: WebServer) -> None:
    assert (await fetched(web.url("huge"))).status == 200
    assert web.written < 20_000_000, "what the kernel buffered"


async def test_what_hangs_is_unknown(web: WebServer) -> None:
    hurried = AssetOptions(allowed=LOOPBACK.allowed, timeout_s=0.3)
    assert await fetched(web.url("hang"), hurried) == Fetched(trouble=Trouble.TIME_OUT)


@pytest.mark.parametrize(("path", "trouble"), [("garbage", Trouble.NO_ANSWER), ("loop", Trouble.REDIRECTS)])
async def test_what_makes_no_sense_is_unknown(web: WebServer, path: str, trouble: Trouble) -> None:
    assert await fetched(web.url(path)) == Fetched(trouble=trouble)


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        assert (await fetched(f"http://127.0.0.1:{port}/")).trouble is Trouble.NO_ANSWER


@pytest.mark.parametrize(
    "url", ["http://[bad/", "http://127.0.0.1:port/", "ftp://g.shop/", "http:///x", "http://ü..e/"]
)
async def test_what_is_no_web_address_is_said_so(url: str) -> None:
    assert (await fetched(url)).trouble is Trouble.BAD_URL


async def test_a_redirect_is_followed(web: WebServer) -> None:
    web.redirects["moved"] = "/404"
    assert (await fetched(web.url("moved"))).status == 404
    assert web.requests == ["HEAD /moved", "HEAD /404", "GET /404"]


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{port}/200",
        "//127.0.0.2:{port}/200",
        "http://user:secret@127.0.0.2:{port}/200",
        "http://2130706434:{port}/200",  # the same as one number
        "http://0x7f.2:{port}/200",
        "http://0:{port}/200",
        "http://[::1]:{port}/200",
        "http://[::ffff:127.0.0.3]:{port}/200",
        "http://[64:ff9b::7f00:3]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
async def test_a_redirect_to_a_private_address_is_refused(web: WebServer, target: str) -> None:
    """SSRF: of all private addresses only 127.0.0.1 is allowed here."""
    web.redirects["start"] = target.format(port=web.port)
    assert await fetched(web.url("start")) == Fetched(trouble=Trouble.PRIVATE)
    assert web.requests == ["HEAD /start"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://[bad/"])
async def test_a_redirect_to_what_is_not_the_web_is_refused(web: WebServer, target: str) -> None:
    web.redirects["start"] = target
    assert await fetched(web.url("start")) == Fetched(trouble=Trouble.BAD_URL)


async def test_no_private_address_is_asked_unless_allowed(web: WebServer) -> None:
    for host in ("127.0.0.1", "localhost"):
        assert await fetched(web.url("200", host), AssetOptions()) == Fetched(trouble=Trouble.PRIVATE)
    assert web.requests == []


async def test_the_connection_goes_to_the_address_that_was_judged(web: WebServer) -> None:
    """DNS rebinding: a name that answers differently each time is asked for once per connection."""
    answers = iter([["10.0.0.1", "127.0.0.1"], ["169.254.169.254"]])
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    assets = HttpAssets(LOOPBACK, rebinding)
    url = web.url("200", "rebinding.shop")
    assert (await assets.fetch([url]))[url].status == 200, "of its addresses, the one that is allowed"
    assert (asked, web.hosts) == (["rebinding.shop"], [f"rebinding.shop:{web.port}"])
    assert (await assets.fetch([url]))[url].trouble is Trouble.PRIVATE


async def test_a_name_that_is_not_known_is_told_from_dns_that_does_not_answer() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise UnknownName(host)

    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    options = AssetOptions(timeout_s=0.2)
    url = "https://g.shop/"
    assert (await HttpAssets(options, unknown).fetch([url]))[url].trouble is Trouble.NO_HOST
    assert (await HttpAssets(options, silent).fetch([url]))[url].trouble is Trouble.TIME_OUT
    assert (await HttpAssets(options).fetch(["http://a..b/"]))["http://a..b/"].trouble is Trouble.NO_HOST


async def test_eight_at_a_time_and_a_limit_for_all_together(web: WebServer) -> None:
    urls = [web.url(f"slow?{number}") for number in range(24)]
    answers = await HttpAssets(LOOPBACK).fetch(urls)
    assert {answer.status for answer in answers.values()} == {200}
    assert web.most_at_once == 8
    hanging = [web.url(f"hang?{number}") for number in range(100)]
    hurried = AssetOptions(allowed=LOOPBACK.allowed, timeout_s=60, all_s=0.5)
    async with asyncio.timeout(30):
        answers = await HttpAssets(hurried).fetch(hanging)
    assert {answer.trouble for answer in answers.values()} == {Trouble.TIME_OUT}


async def test_a_fingerprint_is_what_the_server_says_of_the_file(web: WebServer) -> None:
    assert (await fetched(web.url("tagged-v1"))).fingerprint == '"v1"'
    assert (await fetched(web.url("dated"))).fingerprint == "Mon, 02 Mar 2026 09:00:00 GMT 0"
    assert (await fetched(web.url("200"))).fingerprint is None


async def test_an_url_goes_out_in_ascii_without_its_fragment(web: WebServer) -> None:
    await fetched(web.url("200?q=ü%20 a&b=[1]#there"))
    assert web.requests == ["HEAD /200?q=%C3%BC%20%20a&b=%5B1%5D"]
