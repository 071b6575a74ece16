"""The inbound mail server as its clients see it: what it takes, what it refuses, and where its patience ends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from domain.inbound_mail import ArrivedMail
from gateways.inbound_smtp import InboundOptions, InboundServer, _Session
from tests.integration.certificates import self_signed
from tests.integration.smtp_client import connected
from tests.waiting import wait_until
from workers.inbound import InboundPart

SMALL = InboundOptions(port=0, hostname="mx.bounces.example", max_bytes=20_000, max_recipients=3, timeout_s=30)


@dataclass
class Desk:
    """Takes everything for bounces.example; answers to mails when it is let."""

    mails: list[ArrivedMail] = field(default_factory=list)
    away: bool = False
    answer: str = "250 2.0.0 Taken"
    let: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.let.set()

    async def closed(self) -> str | None:
        return "451 4.3.0 Away" if self.away else None

    async def rcpt(self, address: str) -> str | None:
        return None if address.endswith("@bounces.example") else "554 5.7.1 Relay access denied"

    async def data(self, mail: ArrivedMail) -> str:
        self.mails.append(mail)
        await self.let.wait()
        return self.answer


B1, B2 = "one@bounces.example", "two@bounces.example"


@pytest.fixture
def desk() -> Desk:
    return Desk()


@asynccontextmanager
async def serving(desk: Desk, options: InboundOptions = SMALL) -> AsyncIterator[InboundServer]:
    server = InboundServer(options, desk)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_a_mail_for_several_with_a_null_sender_arrives_as_it_was_sent(desk: Desk) -> None:
    raw = b"From: MAILER-DAEMON\r\n\r\n..leading dot\r\n" + b"x" * 5000 + "é\r\n".encode() + b"\xff"
    async with serving(desk) as server, connected(server.port) as client:
        assert await client.mail(raw, B1, B2) == "250 2.0.0 Taken"
    assert desk.mails == [ArrivedMail("", (B1, B2), raw.replace(b"\r\n..", b"\r\n.") + b"\r\n")]


async def test_nothing_is_said_before_the_desk_has_answered(desk: Desk) -> None:
    desk.let.clear()
    async with serving(desk) as server, connected(server.port) as client:
        answering = asyncio.create_task(client.mail(b"Subject: x\r\n\r\nhello", B1))

        async def there() -> bool:
            return bool(desk.mails)

        await wait_until(there, timeout_s=60, what="the mail is with the desk")
        assert not answering.done()
        desk.let.set()
        assert await answering == "250 2.0.0 Taken"


async def test_what_can_not_be_kept_is_put_off(desk: Desk) -> None:
    desk.answer = "451 4.3.0 Can't be kept now, try again later"
    async with serving(desk) as server, connected(server.port) as client:
        assert await client.mail(b"\r\nhello", B1) == desk.answer
        desk.away = True
        assert (await client.says("MAIL FROM:<>")).startswith("451"), "and not even begun while the broker is away"


async def test_nothing_is_relayed(desk: Desk) -> None:
    async with serving(desk) as server, connected(server.port) as client:
        assert (await client.envelope("ann@elsewhere.example")).startswith("554 5.7.1")
        assert (await client.says("DATA")).startswith("503")


async def test_too_large_a_mail_is_refused_and_the_next_one_taken(desk: Desk) -> None:
    async with serving(desk) as server, connected(server.port) as client:
        assert (await client.says("MAIL FROM:<> SIZE=20001")).startswith("552")
        assert (await client.mail(b"line of text\r\n" * 3000, B1)).startswith("552")
        assert await client.mail(b"\r\nhello", B1) == "250 2.0.0 Taken"
    assert len(desk.mails) == 1


@pytest.mark.parametrize("unit", [b"x", b"line of text\r\n"])
async def test_who_never_comes_to_an_end_is_cut_off(desk: Desk, unit: bytes) -> None:
    """A line without an end would be kept whole by the library underneath."""
    async with serving(desk) as server, connected(server.port) as client:
        await client.envelope(B1)
        await client.says("DATA")
        client.writer.write(unit * (200_000 // len(unit)))
        assert "" in (await client.reply(), await client.reply()), "552, where that still reaches the client"
    assert desk.mails == []


async def test_who_sends_a_great_many_empty_lines_is_cut_off(desk: Desk) -> None:
    """Each would be kept as an object fifty times its size by the library underneath."""
    async with serving(desk, replace(SMALL, max_bytes=100_000)) as server, connected(server.port) as client:
        assert await client.mail(b"\r\n" * 9_000, B1) == "250 2.0.0 Taken"
        assert await client.mail(b"\r\n" * 9_000, B1) == "250 2.0.0 Taken", "the lines of each mail count by themselves"
        await client.envelope(B1)
        await client.says("DATA")
        client.writer.write(b"\r\n" * 15_000 + b".\r\n")
        assert "" in (await client.reply(), await client.reply()), "552, where that still reaches the client"
    assert len(desk.mails) == 2


def test_a_mail_of_the_usual_size_has_a_quarter_of_a_million_lines() -> None:
    assert InboundOptions().max_lines == 262_144


async def test_a_mail_has_so_many_recipients_and_a_connection_so_many_mails(desk: Desk) -> None:
    async with serving(desk, replace(SMALL, max_mails_per_connection=2)) as server, connected(server.port) as client:
        assert (await client.envelope(B1, B2, B1, B2)).startswith("452 4.5.3")
        await client.says("RSET")
        for _ in range(2):
            assert await client.mail(b"\r\nhello", B1) == "250 2.0.0 Taken"
        assert (await client.says("MAIL FROM:<>")).startswith("421 4.7.0")
        assert await client.reply() == ""


@pytest.mark.parametrize("limits", [{"max_connections": 2}, {"max_connections_per_client": 2}])
async def test_more_connections_than_there_may_be_are_turned_away(desk: Desk, limits: dict[str, int]) -> None:
    async with serving(desk, replace(SMALL, **limits)) as server:  # type: ignore[arg-type]
        async with connected(server.port), connected(server.port) as second, connected(server.port) as third:
            assert third.greeting.startswith("421")
            assert await second.mail(b"\r\nhello", B1) == "250 2.0.0 Taken"

        async def nobody() -> bool:
            return server.open_sessions == 0

        await wait_until(nobody, timeout_s=60, what="the connections are gone")
        async with connected(server.port) as later:
            assert later.greeting.startswith("220")


async def test_starttls_is_offered_with_a_certificate_and_the_mail_goes_through_it(desk: Desk, tmp_path: Path) -> None:
    pem = self_signed(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    async with serving(desk, replace(SMALL, certificate=context)) as server, connected(server.port) as client:
        await client.starttls(pem)
        assert client.writer.get_extra_info("cipher")
        assert await client.mail(b"\r\nhello", B1) == "250 2.0.0 Taken"
    async with serving(desk) as server, connected(server.port) as client:
        assert (await client.says("STARTTLS"))[0] in "45"


@pytest.mark.parametrize("limits", [{"timeout_s": 0.5}, {"session_s": 0.5}, {"drain_s": 0.01}])
async def test_who_stops_in_the_middle_of_a_handshake_is_hung_up_on(
    desk: Desk, tmp_path: Path, limits: dict[str, float]
) -> None:
    """asyncio tells nobody of such an end; each would be counted among the connections for ever."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path, "localhost"))
    options = replace(SMALL, certificate=context, **limits)  # type: ignore[arg-type]
    async with serving(desk, options) as server, connected(server.port) as client:
        await client.says("STARTTLS")

        async def nobody() -> bool:
            return server.open_sessions == 0

        if "drain_s" in limits:
            await server.stop()
        await wait_until(nobody, timeout_s=60, what="the connection is gone")
        assert await client.reply() == ""


class Stuck(asyncio.Transport):
    """The connection of a client that takes nothing any more: what was said never leaves, and a close never ends."""

    def __init__(self, protocol: asyncio.BaseProtocol) -> None:
        super().__init__({"peername": ("192.0.2.1", 1)})
        self.protocol = protocol
        self.torn = asyncio.Event()

    def write(self, data: object) -> None:
        """It is kept for ever."""

    def is_closing(self) -> bool:
        return self.torn.is_set()

    def close(self) -> None:
        """Once all is written, which it never is."""

    def abort(self) -> None:
        self.torn.set()
        self.protocol.connection_lost(None)


async def test_a_client_that_takes_nothing_any_more_is_torn_off(desk: Desk) -> None:
    server = InboundServer(replace(SMALL, timeout_s=0.01, linger_s=0.01), desk)
    session = _Session(server)
    transport = Stuck(session)
    session.connection_made(transport)
    assert server.open_sessions == 1
    async with asyncio.timeout(10):
        await transport.torn.wait()
    assert server.open_sessions == 0
    session.connection_lost(None)
    assert server.open_sessions == 0, "told twice, it left once"


async def test_who_says_nothing_is_hung_up_on(desk: Desk) -> None:
    async with serving(desk, replace(SMALL, timeout_s=0.3)) as server, connected(server.port) as client:
        await client.envelope(B1)
        assert await client.reply() == ""
    async with serving(desk, replace(SMALL, timeout_s=0.3)) as server, connected(server.port) as client:
        await client.envelope(B1)
        await client.says("DATA")
        client.writer.write(b"half a mail")
        assert await client.reply() == ""
    assert desk.mails == []


async def test_a_connection_that_goes_on_for_ever_is_ended(desk: Desk) -> None:
    async with serving(desk, replace(SMALL, session_s=1.5)) as server, connected(server.port) as client:
        await client.envelope(B1)
        assert (await client.reply()).startswith("421 4.7.0")
        assert await client.reply() == ""


async def test_a_stop_ends_idle_connections_and_answers_the_mail_under_way(desk: Desk) -> None:
    desk.let.clear()
    async with serving(desk) as server, connected(server.port) as idle, connected(server.port) as busy:
        answering = asyncio.create_task(busy.mail(b"\r\nhello", B1))

        async def there() -> bool:
            return bool(desk.mails)

        await wait_until(there, timeout_s=60, what="the mail is with the desk")
        stopping = asyncio.create_task(server.stop())
        assert (await idle.reply()).startswith("421")
        desk.let.set()
        assert await answering == "250 2.0.0 Taken"
        await stopping
        assert server.open_sessions == 0


async def test_two_processes_share_a_port() -> None:
    here, there = Desk(), Desk()
    shared = replace(SMALL, share_port=True)
    async with serving(here, shared) as first, serving(there, replace(shared, port=first.port)) as second:
        for _ in range(40):
            async with connected(second.port) as client:
                assert await client.mail(b"\r\nhello", B1) == "250 2.0.0 Taken"
    assert len(here.mails) + len(there.mails) == 40


async def test_a_second_process_stands_by_and_follows_the_first(desk: Desk) -> None:
    async with serving(desk) as first:
        port = first.port
        second = InboundPart(InboundServer(replace(SMALL, port=port), desk), again_s=0.05)
        running = asyncio.create_task(second.run())

        async def stands_by() -> bool:
            return second.is_ready

        await wait_until(stands_by, timeout_s=60, what="the second one knows that the first listens")
        assert not second.server.is_listening

    async def listens() -> bool:
        return second.server.is_listening

    await wait_until(listens, timeout_s=60, what="the second one has followed")
    async with connected(port) as client:
        assert await client.mail(b"\r\nhello", B1) == "250 2.0.0 Taken"
    await second.stop()
    await running


async def test_rubbish_does_not_break_it(desk: Desk) -> None:
    async with serving(desk) as server:
        async with connected(server.port) as client:
            client.writer.write(b"\xff\xfe\r\nMAIL FROM:<\xff>\r\nRCPT TO:<" + b"a" * 600 + b">\r\n\x00\r\n")
            assert [(await client.reply())[0] for _ in range(4)] == ["5", "2", "5", "5"]
        async with connected(server.port) as client:
            await client.envelope(B1)
            client.writer.write(b"DATA\r\nhalf")
        async with connected(server.port) as client:
            assert await client.mail(b"\r\nhello", B1) == "250 2.0.0 Taken"


async def test_a_bug_of_ours_is_answered_with_come_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: ArrivedMail) -> str:
        raise RuntimeError("somebody@secret.example")

    monkeypatch.setattr(desk, "data", broken)
    async with serving(desk) as server, connected(server.port) as client:
        assert await client.mail(b"\r\nhello", B1) == "451 4.3.0 Trouble on our side, try again later"
