"""The web process on real servers: what it stores, what it refuses on the wire, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from cli.embedded.ports import any_free
from domain import tracking
from domain.campaign import CampaignStatus
from domain.consent import Consent, ConsentTo
from domain.eligibility import SuppressionReason
from domain.email import Email, EmailState, Mark, ServiceStatus
from domain.tracking import Kind, in_url, token
from tests.builders import NOW, a_campaign, a_contact, an_email, an_outcome
from tests.integration.whole_way import World, world
from tests.integration.worker_process import process
from tests.waiting import wait_until
from workers.options import signing_keys

YES = Consent(ConsentTo.TRACKING, True, NOW, "form")
TARGET = "https://green.example/spring"
PEOPLE = ("ann@x.example", "bob@x.example", "eve@x.example")


@asynccontextmanager
async def deployed(deployment: dict[str, str], **changes: str) -> AsyncIterator[tuple[World, int, list[Email]]]:
    """A campaign that was sent to three people who agreed to be tracked, and the port of the pages."""
    port = any_free()
    async with world(deployment, "delivery-event", smtp_port=1, web__port=str(port), **changes) as here:
        campaign = a_campaign(status=CampaignStatus.SENT, status_at=NOW)
        html = f'<a href="{TARGET}">Spring</a> <a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a>'
        await here.stores.campaigns.add(replace(campaign, content=replace(campaign.content, html=html)))
        await here.stores.contacts.save([a_contact(each, consents=(YES,)) for each in PEOPLE])
        rows = [an_email(each) for each in PEOPLE]
        await here.stores.emails.plan(rows)
        await here.stores.emails.store([an_outcome(row, EmailState.SENT) for row in rows])
        yield here, port, rows


async def said(port: int, raw: bytes, timeout_s: float = 60) -> bytes:
    """All that is answered to these bytes, until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        return await asyncio.wait_for(reader.read(), timeout_s)
    finally:
        writer.close()


def request(path: str, body: bytes | None = None, **headers: str) -> bytes:
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: x", "Connection: close"]
    lines += ["User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"]
    lines += [f"Content-Length: {len(body)}"] if body is not None and "Content_Length" not in headers else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def address(here: World, kind: Kind, row: Email) -> str:
    """The path of a page, as the mail has it."""
    keys = signing_keys(here.settings)
    if kind is Kind.CLICK:
        return tracking.click_url(row.id, "", keys) + "/0"
    return tracking.open_url(row.id, "", keys) if kind is Kind.OPEN else f"/u/{in_url(token(kind, row.id, keys))}"


async def test_opens_clicks_and_unsubscribes_reach_the_ledger_through_two_processes_on_one_port(
    deployment: dict[str, str],
) -> None:
    async with (
        deployed(deployment, web__share_port="true") as (here, port, (ann, bob, eve)),
        process(here, "web") as first,
        process(here, "web", "delivery-event") as second,
    ):
        await first.until("web_listening")
        await second.until("web_listening")
        clicked = await said(port, request(address(here, Kind.CLICK, ann)))
        opened = await said(port, request(address(here, Kind.OPEN, bob)))
        left = await said(
            port, request(address(here, Kind.UNSUBSCRIBE, eve), b"List-Unsubscribe=One-Click", Cookie="none")
        )
        # Stored before it was answered.
        suppressed = await here.stores.suppressions.of([eve.contact_id])
        contact = (await here.stores.contacts.load([eve.contact_id]))[eve.contact_id]
        assert clicked.startswith(b"HTTP/1.1 302 ")
        assert f"location: {TARGET}".encode() in clicked
        assert opened.startswith(b"HTTP/1.1 200 ")
        assert left.startswith(b"HTTP/1.1 200 ")
        assert suppressed == {eve.contact_id: {SuppressionReason.UNSUBSCRIBED}}
        assert (contact.opted_out, contact.consents[-1].given) == (True, False)

        async def recorded() -> bool:
            found = {row.id: row for row in await here.stores.emails.load([ann.id, bob.id, eve.id])}
            services = (found[ann.id].service, found[bob.id].service)
            return (
                services == (ServiceStatus.CLICKED, ServiceStatus.OPENED) and Mark.UNSUBSCRIBED in found[eve.id].times
            )

        await wait_until(recorded, timeout_s=60, what="what was read is in the ledger")
        forged = await said(port, request(address(here, Kind.CLICK, ann).replace("/c/", "/c/A")))
        assert forged.startswith(b"HTTP/1.1 404 ")
    for secret in (TARGET, "x.example", address(here, Kind.CLICK, ann)[3:30]):
        assert secret not in first.said + second.said


async def _answer_to_an_empty_line(port: int) -> bytes:
    """After a request that was answered, on the same connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readuntil(b"Disallow: /\n")
    writer.write(b"\r\n")
    answer = await reader.read()
    writer.close()
    return answer


async def test_whoever_is_slow_lies_or_never_ends_is_shown_out_and_idle_connections_do_not_hold_up_the_end(
    deployment: dict[str, str],
) -> None:
    async with deployed(deployment, web__body_timeout_s="2") as (here, port, (ann, *_)), process(here, "web") as web:
        await web.until("web_listening")
        leave = address(here, Kind.UNSUBSCRIBE, ann)
        answers = await asyncio.gather(
            said(port, request(leave, b"x", Content_Length="100000000")),
            said(port, request(leave, b"slow", Content_Length="5000")),
            said(port, b"GET / HTTP/1.1\r\nHost: "),
            said(port, b"GET / HTTP/1.1\r\nX: " + b"x" * 30_000),
            said(port, b"\x16\x03\x01 this is TLS\r\n\r\n"),
            said(port, b"POST " + leave.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"),
            said(port, request("/nothing")),
            _answer_to_an_empty_line(port),
        )
        assert [answer[9:12] for answer in answers] == [b"413", b"408", b"408", b"431", b"400", b"400", b"404", b"408"]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(leave, b"half", Content_Length="9"))
        await writer.drain()
        writer.close()
        assert await here.stores.suppressions.of([ann.contact_id]) == {}
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await web.stopped()
        assert [await asyncio.wait_for(reader.read(), 60) for reader, _ in idle] == [b""] * 3
        for _, writer in idle:
            writer.close()
