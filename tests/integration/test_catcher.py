"""The mail catcher, through our own relay gateway."""

from __future__ import annotations

import mailbox
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from domain.assembly import OutgoingMail
from gateways.catcher import Behaviour, Catcher, CatcherOptions, behaviour_of
from gateways.smtp import SmtpOptions, SmtpRelay


@asynccontextmanager
async def relay_to(catcher: Catcher) -> AsyncIterator[SmtpRelay]:
    relay = SmtpRelay(SmtpOptions("127.0.0.1", catcher.port, local_hostname="us.example"))
    try:
        yield relay
    finally:
        await relay.close()


def a_mail(recipient: str, number: int = 0, raw: bytes = b"Subject: x\r\n\r\n.Hello\r\n") -> OutgoingMail:
    return OutgoingMail(f"c:{recipient}:{number}", "b+1@shop.example", recipient, raw, needs_smtputf8=False)


async def codes(relay: SmtpRelay, recipient: str, tries: int) -> list[int]:
    found: list[int] = []
    for _ in range(tries):
        attempts = [attempt async for attempt in relay.deliver([a_mail(recipient)], lambda: True)]
        found += [attempt.reply.code for attempt in attempts if attempt.reply]
    return found


@pytest.mark.parametrize(
    ("recipient", "answers"),
    [
        ("ann@x.example", [250, 250]),
        ("defer-2.ann@x.example", [451, 451, 250, 250]),
        ("full-1+ann@x.example", [452, 250]),
        ("closing-1@x.example", [421, 250]),
        ("unknown.ann@x.example", [550, 550]),
        ("full@x.example", [552, 552]),
        ("disabled@x.example", [550]),
        ("blocked@x.example", [550]),
        ("spam@x.example", [554, 554]),
        ("unknownperson@x.example", [250]),
        ("scripted@x.example", [450, 550, 550]),
    ],
)
async def test_it_answers_as_the_address_says(recipient: str, answers: list[int]) -> None:
    script = Behaviour(("450 4.2.0 Not now",), final="550 5.1.1 Never")
    async with Catcher(CatcherOptions(rules={"scripted@x.example": script})) as catcher, relay_to(catcher) as relay:
        assert await codes(relay, recipient, len(answers)) == answers
        assert catcher.accepted[recipient] == answers.count(250)
        assert catcher.tries[recipient] == len(answers)


async def test_mails_are_kept_as_they_came_and_in_a_maildir(tmp_path: Path) -> None:
    async with Catcher(CatcherOptions(directory=tmp_path / "mail")) as catcher, relay_to(catcher) as relay:
        mails = [a_mail(f"p{n}@x.example", n) for n in range(50)]
        assert len([attempt async for attempt in relay.deliver(mails, lambda: True)]) == 50
        (mail,) = catcher.to("p7@x.example")
    assert (mail.sender, mail.raw) == ("b+1@shop.example", b"Subject: x\r\n\r\n.Hello\r\n")
    messages = list(mailbox.Maildir(tmp_path / "mail"))
    assert sorted(message["Delivered-To"] for message in messages) == sorted(m.recipient for m in mails)
    assert {message.get_payload() for message in messages} == {".Hello\n"}


async def test_refused_mails_are_not_kept(tmp_path: Path) -> None:
    async with Catcher(CatcherOptions(directory=tmp_path)) as catcher, relay_to(catcher) as relay:
        await codes(relay, "spam@x.example", 1)
    assert not list((tmp_path / "new").iterdir())


def test_ordinary_names_are_accepted() -> None:
    for name in ("ann.smith", "full", "defer", "fuller", "unknown1", "a", "", "defer-x", "unknown-2"):
        final = behaviour_of(f"{name}@x.example").final
        assert (final is not None) == (name == "full")
