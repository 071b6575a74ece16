"""Two relays over real connections: one that dies in the middle of a batch costs nobody a mail, and nobody gets two."""

from __future__ import annotations

import asyncio
import random

import pytest

from cli.embedded.ports import any_free
from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.errors import RelayUnavailable
from gateways.relays import Member, Relays
from gateways.smtp import SmtpOptions, SmtpRelay, SmtpTimeouts
from tests.integration.scripted_relay import ScriptedRelay
from tests.waiting import LONGEST_S

PATIENT = SmtpTimeouts()  #: minutes: a busy machine is no relay that hangs
HURRIED = SmtpTimeouts(rcpt_s=0.3)  #: for those that hang at RCPT TO


def mails(count: int, local: str = "p") -> list[OutgoingMail]:
    return [
        OutgoingMail(f"c:{n}:0", "news@shop.example", f"{local}@n{n}.example", b"A: b\r\n\r\nx\r\n", False)
        for n in range(count)
    ]


def gateway(server: ScriptedRelay, label: str, timeouts_s: SmtpTimeouts) -> SmtpRelay:
    options = SmtpOptions("127.0.0.1", server.port, label=label, local_hostname="us.example", timeouts_s=timeouts_s)
    return SmtpRelay(options)


class Pair:
    def __init__(
        self, one: ScriptedRelay, other: ScriptedRelay, *, backup: bool = False, timeouts_s: SmtpTimeouts = PATIENT
    ) -> None:
        self.servers = one, other
        self.gateways = gateway(one, "one", timeouts_s), gateway(other, "other", timeouts_s)
        self.now_s = 0.0
        members = [
            Member(name, relay, relay.check, backup=backup and name == "other")
            for name, relay in zip(("one", "other"), self.gateways, strict=True)
        ]
        self.relays = Relays(members, elapsed=lambda: self.now_s)

    async def send(self, batch: list[OutgoingMail]) -> list[Attempt]:
        return [attempt async for attempt in self.relays.deliver(batch, lambda: True)]

    @property
    def recipients(self) -> list[str]:
        return [recipient for server in self.servers for recipient in server.recipients]

    async def close(self) -> None:
        for relay in self.gateways:
            await relay.close()


async def test_each_reply_names_the_relay_that_gave_it() -> None:
    async with ScriptedRelay() as one, ScriptedRelay() as other:
        pair = Pair(one, other)
        found = await pair.send(mails(10))
        await pair.close()
    names = sorted(attempt.reply.relay for attempt in found if attempt.reply)
    assert names == [f"one (127.0.0.1:{one.port})"] * 5 + [f"other (127.0.0.1:{other.port})"] * 5


async def test_a_relay_that_goes_away_in_the_middle_is_made_up_for_and_comes_back() -> None:
    async with ScriptedRelay() as other:
        async with ScriptedRelay(port=any_free()) as one:  # nobody else takes it while it is away
            pair = Pair(one, other)
            await pair.send(mails(10))
        found = await pair.send(mails(100, "q"))
        assert len({attempt.email_id for attempt in found}) == 100
        assert len(one.mails) == 5
        again = ScriptedRelay(port=one.port)
        async with again:
            pair.now_s = 15  # its rest is over
            await pair.send(mails(2, "r"))
            await asyncio.wait_for(_until_well(pair), LONGEST_S)
            await pair.send(mails(20, "s"))
            assert len(again.mails) == 10
            await pair.close()


async def _until_well(pair: Pair) -> None:
    while not all(member.is_well for member in pair.relays._members):
        await asyncio.sleep(0.01)


async def test_a_relay_that_refuses_to_let_us_in_is_made_up_for() -> None:
    async with ScriptedRelay(greeting="554 5.7.1 blocked") as one, ScriptedRelay() as other:
        pair = Pair(one, other, backup=True)
        assert len(await pair.send(mails(20))) == 20
        await pair.close()
    assert len(other.mails) == 20


@pytest.mark.parametrize("seed", range(6))
async def test_however_a_relay_breaks_each_mail_ends_once_and_nobody_gets_two(seed: int) -> None:
    dice = random.Random(seed)
    fates = ["p"] * 12 + ["rcpt-550", "rcpt-450", "rcpt-421", "data-lost", "body-lost", "body-421", "rcpt-hang"]
    batch = [
        OutgoingMail(f"c:{n}:0", "news@shop.example", f"{dice.choice(fates)}@n{n}.example", b"A: b\r\n\r\nx\r\n", False)
        for n in range(80)
    ]
    told: list[Attempt] = []
    async with ScriptedRelay(per_connection=7) as one, ScriptedRelay() as other:
        pair = Pair(one, other, backup=seed % 2 == 0, timeouts_s=HURRIED)
        dying = asyncio.get_running_loop().call_later(0.02 * seed, _dies, one)
        try:
            async for attempt in pair.relays.deliver(batch, lambda: True):
                told.append(attempt)  # noqa: PERF401  (kept when it raises)
        except RelayUnavailable:
            pass  # odd mails may make both look dead; what was not told was not sent
        dying.cancel()
        await pair.close()
        reached = pair.recipients
    assert len({attempt.email_id for attempt in told}) == len(told)
    assert len(set(reached)) == len(reached)
    ended = {attempt.email_id for attempt in told if attempt.wire is not Wire.NOT_SENT}
    assert {mail.email_id for mail in batch if mail.recipient in reached} <= ended


def _dies(server: ScriptedRelay) -> None:
    server.greeting = "reset"
    for task in server.open:
        task.cancel()
