"""What the webhook makes of a web server that takes, refuses, redirects or hangs; and whom it does not speak to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from domain.webhook import signed
from gateways.public_network import networks
from gateways.webhook import HttpWebhook, WebhookOptions
from tests.builders import NOW

SECRET = b"a secret of the tests, of 32 by."
BODY = b'{"number": 1}'


@dataclass
class Follower:
    """Answers with a status, or never."""

    status: int | None = 204
    port: int = 0
    connections: int = 0
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(asyncio.IncompleteReadError):
            while True:
                await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        self.requests.append((headers, await reader.readexactly(int(headers["content-length"]))))
        if self.status is not None:
            onward = f"Location: http://127.0.0.1:{self.port}/other\r\n" if 300 <= self.status < 400 else ""
            writer.write(f"HTTP/1.1 {self.status} Whatever\r\n{onward}Content-Length: 0\r\n\r\n".encode())
            await writer.drain()
        else:
            await reader.read()  # until the other side goes

    def webhook(self, allow: str = "127.0.0.0/8", timeout_s: float = 10) -> HttpWebhook:
        options = WebhookOptions(f"http://127.0.0.1:{self.port}/feed", SECRET, networks(allow), timeout_s)
        return HttpWebhook(options, lambda: NOW)

    async def posted(self, allow: str = "127.0.0.0/8", timeout_s: float = 10) -> str | None:
        async with self.webhook(allow, timeout_s).connected() as posting:
            return await posting.post("m1", BODY, "application/cloudevents+json")


@pytest.fixture
async def follower() -> AsyncIterator[Follower]:
    found = Follower()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()


async def test_what_is_posted_is_signed_as_it_stands(follower: Follower) -> None:
    assert await follower.posted() is None
    [(headers, body)] = follower.requests
    assert body == BODY
    assert signed("m1", BODY, SECRET, NOW).items() <= headers.items()
    assert headers["content-type"] == "application/cloudevents+json"


async def test_one_connection_takes_one_post_after_the_other(follower: Follower) -> None:
    async with follower.webhook().connected() as posting:
        assert [await posting.post(f"m{number}", BODY, "application/json") for number in range(3)] == [None] * 3
    assert (follower.connections, len(follower.requests)) == (1, 3)


@pytest.mark.parametrize("status", [301, 307, 400, 404, 500, 503])
async def test_whatever_is_not_2xx_was_not_taken_and_no_redirect_is_followed(follower: Follower, status: int) -> None:
    follower.status = status
    said = await follower.posted()
    assert said is not None
    assert str(status) in said
    assert len(follower.requests) == 1


async def test_an_address_that_hangs_is_given_up(follower: Follower) -> None:
    follower.status = None
    assert await follower.posted(timeout_s=0.2) == "no answer within 0.2 s"


async def test_our_own_network_is_not_spoken_to(follower: Follower) -> None:
    said = await follower.posted(allow="")
    assert said is not None
    assert "private network" in said
    assert follower.requests == []


async def test_an_address_where_nobody_listens_is_an_answer_too() -> None:
    said = await Follower(port=1).posted()
    assert said == "no connection: ConnectError"
