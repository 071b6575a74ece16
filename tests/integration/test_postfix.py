"""The relay gateway against a real Postfix: everything that it accepted lies in the mailbox, byte for byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from domain.assembly import Assembler, OutgoingMail, Recipient
from domain.delivery import Attempt
from domain.errors import RelayUnavailable
from domain.template import TemplateSource, compiled
from gateways.smtp import SmtpOptions, SmtpRelay, Tls
from tests.domain.dkim_world import a_key, verified
from tests.domain.test_dkim import ENDPOINTS, MAILING, NOW
from tests.integration.certificates import self_signed
from tests.integration.private_postfix import Postfix, postfix
from tests.waiting import wait_until

SOURCE = TemplateSource("{{ v }}", html=".{{ v }}\n<p>{{ v }}</p>\n.", text="{{ v }}\n.\n..{{ v }}\nFrom me\n")
VALUES = (
    "",
    ".",
    "\r\n.\r\n",
    "é" * 200,
    "漢字" * 100,
    "🎉",
    "x" * 2000,
    "\nFrom me\n",
    "QUIT\r\nMAIL FROM:<a@b.example>",
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="module")
def server(certificate: Path) -> Iterator[Postfix]:
    with postfix(certificate) as running:
        yield running


@pytest.fixture
def encrypted(server: Postfix, certificate: Path) -> SmtpOptions:
    return SmtpOptions(
        "localhost", server.port, Tls.STARTTLS, ca_file=str(certificate), local_hostname="us.example", max_connections=5
    )


@asynccontextmanager
async def relay_of(options: SmtpOptions) -> AsyncIterator[SmtpRelay]:
    relay = SmtpRelay(options)
    try:
        yield relay
    finally:
        await relay.close()


async def attempts(relay: SmtpRelay, mails: Sequence[OutgoingMail]) -> dict[str, Attempt]:
    """By recipient."""
    by_id = {mail.email_id: mail.recipient for mail in mails}
    return {by_id[attempt.email_id]: attempt async for attempt in relay.deliver(mails, lambda: True)}


def letters(*names: str) -> list[OutgoingMail]:
    assembler = Assembler(compiled(SOURCE), MAILING, ENDPOINTS, a_key())
    return [
        assembler.mail(
            Recipient(f"c:{number:032x}:0", f"c.{number}@shop.example", f"{name}@x.example", "Zoë",
                      {"v": VALUES[number % len(VALUES)]}),
            now=NOW,
        )
        for number, name in enumerate(names)
    ]  # fmt: skip


async def arrived(server: Postfix, count: int) -> list[bytes]:
    """What lies in the mailbox once nothing is under way."""

    async def all_there() -> bool:
        return server.queued() == 0 and len(server.delivered()) >= count

    try:
        await wait_until(all_there, timeout_s=60, what=f"{count} mails in the mailbox")
    except TimeoutError:
        pytest.fail(f"{len(server.delivered())} of {count}, {server.queued()} queued: {server.log[-2000:]}")
    return server.delivered()


async def test_five_hundred_mails_arrive_once_each_byte_for_byte_and_signed(
    server: Postfix, encrypted: SmtpOptions
) -> None:
    mails = letters(*(f"p{number}" for number in range(500)))
    before = len(server.delivered())
    async with relay_of(encrypted) as relay:
        found = await attempts(relay, mails)
    assert Counter(attempt.reply.code if attempt.reply else None for attempt in found.values()) == {250: 500}
    stored = await arrived(server, before + 500)
    assert len(stored) == before + 500
    for mail in mails:
        as_stored = mail.raw.replace(b"\r\n", b"\n")
        [one] = [text for text in stored if text.endswith(as_stored)]  # before it stand the headers of its journey
        assert f"for <{mail.recipient}>".encode() in one
        assert b" with ESMTPS " in one  # encrypted
        assert mail.sender.encode() in one.partition(b"\n")[0]  # Return-Path
        stored.remove(one)
    assert verified(mails[3].raw, a_key())


@pytest.mark.parametrize("pipelining", [True, False])
async def test_each_refusal_is_told_of_its_own_mail(server: Postfix, pipelining: bool) -> None:
    port = server.port if pipelining else server.plain_port
    before = len(server.delivered())
    mails = letters("p1", "unknown", "p2", "full", "p3", "grey", "p4")
    async with relay_of(SmtpOptions("127.0.0.1", port, local_hostname="us.example", max_connections=1)) as relay:
        found = await attempts(relay, mails)
    codes = {name.partition("@")[0]: found[name].reply.code for name in found if found[name].reply}  # type: ignore[union-attr]
    assert codes == {"p1": 250, "p2": 250, "p3": 250, "p4": 250, "unknown": 550, "full": 452, "grey": 450}
    unknown = found["unknown@x.example"].reply
    assert unknown is not None
    assert "5.1.1" in unknown.text
    await arrived(server, before + 4)


async def test_an_address_beyond_ascii_goes_only_where_it_is_offered(server: Postfix) -> None:
    plain = SmtpOptions("127.0.0.1", server.plain_port, local_hostname="us.example")
    mails = letters("é", "p1")
    assert [mail.needs_smtputf8 for mail in mails] == [True, False]
    async with relay_of(plain) as relay:
        refused = await attempts(relay, mails)
    before = len(await arrived(server, 1))
    async with relay_of(replace(plain, port=server.port)) as relay:
        taken = await attempts(relay, mails)
    assert {name: found.reply.code for name, found in refused.items() if found.reply} == {
        "é@x.example": 553,
        "p1@x.example": 250,
    }
    assert {found.reply.code for found in taken.values() if found.reply} == {250}
    await arrived(server, before + 2)


async def test_a_certificate_of_a_stranger_is_refused_before_a_mail_is_sent(server: Postfix, tmp_path: Path) -> None:
    other = self_signed(tmp_path, "localhost")
    options = SmtpOptions("localhost", server.port, Tls.STARTTLS, ca_file=str(other), local_hostname="us.example")
    async with relay_of(options) as relay:
        with pytest.raises(RelayUnavailable, match="certificate of the SMTP relay"):
            await attempts(relay, letters("p1"))
