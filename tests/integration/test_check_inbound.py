"""What `campaigns check` says about mail that comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from cli.check_inbound import Said, inbound
from config.http import WebSettings
from config.responses import InboundSettings
from config.settings import Settings
from gateways.mx import MailHosts
from tests.integration.name_server import name_server

ZONE = {
    "bounces.green.shop": (60, ["10 mx.green.shop."]),
    "elsewhere.green.shop": (60, ["10 mail.provider.shop."]),
    "null.green.shop": (60, ["0 ."]),
}


def settings(domain: str, port: int = 0) -> Settings:
    return Settings(web=WebSettings(bounce_domain=domain), inbound=InboundSettings(port=port, hostname="MX.green.shop"))


async def said(domain: str, port: int = 0, *, silent: bool = False) -> Sequence[Said]:
    async with name_server(ZONE, "MX") as (server, resolver):
        if silent:
            server.failing.add(domain)
        return await inbound(settings(domain, port), MailHosts(resolver))


@asynccontextmanager
async def greeting(line: bytes) -> AsyncIterator[int]:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("domain", "found", "mend"),
    [
        ("bounces.green.shop", "leads to mx.green.shop", ""),
        ("elsewhere.green.shop", "leads to mail.provider.shop", "HOSTNAME"),
        ("null.green.shop", "has no MX record", "MX 10 MX.green.shop."),
        ("gone.green.shop", "has no MX record", "MX 10 MX.green.shop."),
    ],
)
async def test_the_record_of_the_bounce_domain_is_told(domain: str, found: str, mend: str) -> None:
    _, record = await said(domain)
    assert found in record.found
    assert mend in record.mend
    assert bool(mend) == bool(record.mend)


async def test_no_answer_of_dns_is_not_known() -> None:
    _, record = await said("bounces.green.shop", silent=True)
    assert "not known" in record.found


async def test_the_worker_is_asked_at_its_port() -> None:
    async with greeting(b"220 here\r\n") as port:
        worker, _ = await said("bounces.green.shop", port)
    assert worker == Said("Inbound mail", f"127.0.0.1:{port} takes mail")
    worker, _ = await said("bounces.green.shop", port)
    assert "nobody answers" in worker.found
    async with greeting(b"HTTP/1.1 400\r\n") as port:
        worker, _ = await said("bounces.green.shop", port)
    assert "takes no mail: HTTP/1.1 400" in worker.found


async def test_without_a_bounce_domain_nothing_is_said() -> None:
    assert await said("") == []
