"""Signed mails after a trip over SMTP: dots stuffed and taken out again, nothing changed."""

from __future__ import annotations

from domain.assembly import Assembler, Recipient
from domain.template import TemplateSource, compiled
from gateways.catcher import Catcher, CatcherOptions
from gateways.smtp import SmtpOptions, SmtpRelay
from tests.domain.dkim_world import a_key, verified
from tests.domain.test_dkim import ENDPOINTS, MAILING, NOW

VALUES = [
    "", ".", "..", "\n.\n", "\r\n.\r\n.", "a\n.b\n..c", "  blanks  ", "\t\t", "=", "=\r\n", "é" * 200,
    "漢字" * 100, "🎉", "x" * 2000, "From me", "\nFrom me\n", "word " * 100, "\r\n\r\n\r\n", "\x00\x0b\x85",
    "QUIT\r\nMAIL FROM:<a@b.example>",
]  # fmt: skip
SOURCES = [
    TemplateSource("{{ v }}", html=".{{ v }}\n<p>{{ v }}</p>\n.", text="{{ v }}\n.\n{{ v }}"),
    TemplateSource("{{ v }}", text="{{ v }}"),
]


async def test_a_signature_survives_the_trip_to_the_mail_server() -> None:
    assemblers = [Assembler(compiled(source), MAILING, ENDPOINTS, a_key()) for source in SOURCES]
    trips = [(assembler, value) for assembler in assemblers for value in VALUES]
    mails = [
        assembler.mail(
            Recipient(f"c:{number:032x}:0", f"c.{number}@shop.example", f"p{number}@x.example", value, {"v": value}),
            now=NOW,
        )
        for number, (assembler, value) in enumerate(trips)
    ]
    async with Catcher(CatcherOptions()) as catcher:
        relay = SmtpRelay(SmtpOptions("127.0.0.1", catcher.port, local_hostname="us.example"))
        taken = [attempt async for attempt in relay.deliver(mails, lambda: True)]
        await relay.close()
    assert len(taken) == len(catcher.mails) == len(mails)
    assert {mail.recipient: mail.raw for mail in mails} == {caught.recipient: caught.raw for caught in catcher.mails}
    assert all(verified(caught.raw, a_key()) for caught in catcher.mails)
