"""Amazon SNS's servers are asked over the public network, once, and never for much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from domain.errors import Unavailable
from gateways.public_network import networks
from gateways.sns import SnsServers

LOCAL = networks("127.0.0.0/8")


async def here(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that gives these answers in turn, and the requests that came."""
    waiting, requests = list(answers), list[bytes]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        body = waiting.pop(0)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(body if body.startswith(b"HTTP") else head + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://sns.example:{server.sockets[0].getsockname()[1]}/SimpleNotificationService-1.pem", requests


async def test_a_certificate_is_read_once_however_many_ask() -> None:
    servers = SnsServers(LOCAL, here)
    async with answering(b"PEM") as (url, requests):
        assert await asyncio.gather(*[servers.certificate(url) for _ in range(5)]) == [b"PEM"] * 5
    assert len(requests) == 1


async def test_what_cannot_be_read_is_asked_for_again() -> None:
    redirect = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    servers = SnsServers(LOCAL, here)
    async with answering(redirect, b"x" * 100_000, b"HTTP/1.1 200", b"PEM") as (url, requests):
        for _ in range(3):
            with pytest.raises(Unavailable, match="Amazon SNS"):
                await servers.certificate(url)
        assert await servers.certificate(url) == b"PEM"
    assert len(requests) == 4


async def test_a_name_that_leads_into_our_own_network_is_not_asked() -> None:
    async with answering(b"PEM") as (url, requests):
        with pytest.raises(Unavailable, match="AddressRefused"):
            await SnsServers(resolving=here).confirm(url)
    assert requests == []
