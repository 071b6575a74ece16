"""The relay gateway against a server that refuses, hangs up and lies at every step."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from domain.assembly import OutgoingMail
from domain.delivery import Attempt, Wire
from domain.errors import RelayUnavailable
from domain.provider_marks import MarkedFor
from domain.smtp_reply import MAX_TEXT, Stage
from gateways.smtp import SmtpOptions, SmtpRelay, SmtpTimeouts, Tls
from tests.integration.certificates import self_signed
from tests.integration.scripted_relay import ScriptedRelay
from tests.waiting import LONGEST_S

PATIENT = SmtpTimeouts()  #: minutes: a busy machine is no relay that hangs
MODES = [("PIPELINING", "8BITMIME"), ("8BITMIME",)]


def a_mail(
    recipient: str, sender: str = "news@shop.example", raw: bytes = b"Subject: x\r\n\r\nHello\r\n"
) -> OutgoingMail:
    return OutgoingMail(f"c:{sender}>{recipient}:0", sender, recipient, raw, needs_smtputf8=False)


def options(server: ScriptedRelay, **changes: object) -> SmtpOptions:
    plain = SmtpOptions("127.0.0.1", server.port, max_connections=1, timeouts_s=PATIENT, local_hostname="us.example")
    return replace(plain, **changes)  # type: ignore[arg-type]


def limits(step: str, what: str) -> SmtpTimeouts:
    """Short where the relay is to hang, and nowhere else."""
    return replace(PATIENT, **{f"{step}_s": 1.0}) if what == "hang" else PATIENT


@asynccontextmanager
async def relay_to(server: ScriptedRelay, **changes: object) -> AsyncIterator[SmtpRelay]:
    relay = SmtpRelay(options(server, **changes))
    try:
        yield relay
    finally:
        await relay.close()


async def attempts(relay: SmtpRelay, mails: Sequence[OutgoingMail]) -> dict[str, Attempt]:
    """By recipient."""
    by_id = {mail.email_id: mail.recipient for mail in mails}
    return {by_id[attempt.email_id]: attempt async for attempt in relay.deliver(mails, lambda: True)}


def ends(found: dict[str, Attempt]) -> dict[str, object]:
    """The code of an answered try, the wire of others."""
    return {name: attempt.reply.code if attempt.reply else attempt.wire for name, attempt in found.items()}


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("extensions", MODES)
async def test_a_refusal_at_each_step_is_told_of_the_mail_it_belongs_to(
    extensions: tuple[str, ...], split: bool
) -> None:
    mails = [
        a_mail("a@x.example"),
        a_mail("rcpt-550@x.example"),
        a_mail("b@x.example"),
        a_mail("rcpt-450@x.example"),
        a_mail("data-451@x.example"),
        a_mail("c@x.example"),
        a_mail("body-552@x.example"),
        a_mail("m@x.example", sender="mail-451@shop.example"),
        a_mail("n@x.example", sender="mail-550@shop.example"),
        a_mail("d@x.example"),
        a_mail("rcpt-550-354@x.example"),
        a_mail("e@x.example"),
    ]
    async with ScriptedRelay(extensions=extensions, split=split) as server, relay_to(server) as relay:
        found = await attempts(relay, mails)
    assert ends(found) == {
        "a@x.example": 250, "b@x.example": 250, "c@x.example": 250, "d@x.example": 250, "e@x.example": 250,
        "rcpt-550@x.example": 550, "rcpt-450@x.example": 450, "data-451@x.example": 451, "body-552@x.example": 552,
        "m@x.example": 451, "n@x.example": 550, "rcpt-550-354@x.example": 550,
    }  # fmt: skip
    assert server.recipients == [f"{name}@x.example" for name in "abcde"]
    assert server.connections == 1
    reply = found["rcpt-550@x.example"].reply
    assert reply is not None
    assert (reply.stage, reply.text, reply.relay) == (
        Stage.RCPT,
        "first line 5.1.1 no such user",
        f"127.0.0.1:{server.port}",
    )


@pytest.mark.parametrize("extensions", MODES)
@pytest.mark.parametrize("step", ["rcpt", "data"])
@pytest.mark.parametrize("what", ["lost", "reset", "garbage", "hang"])
async def test_a_connection_that_breaks_before_the_final_dot_sent_nothing(
    extensions: tuple[str, ...], step: str, what: str
) -> None:
    bad = f"{step}-{what}@x.example"
    mails = [a_mail("a@x.example"), a_mail(bad), a_mail("b@x.example"), a_mail("c@x.example")]
    timeouts_s = limits(step, what)
    async with ScriptedRelay(extensions=extensions) as server, relay_to(server, timeouts_s=timeouts_s) as relay:
        found = await attempts(relay, mails)
    # a second connection is tried for it, then it is told; everybody else is sent exactly once
    assert ends(found) == {"a@x.example": 250, bad: Wire.NOT_SENT, "b@x.example": 250, "c@x.example": 250}
    assert sorted(server.recipients) == ["a@x.example", "b@x.example", "c@x.example"]


@pytest.mark.parametrize("extensions", MODES)
@pytest.mark.parametrize("what", ["lost", "reset", "garbage", "hang", "354"])
async def test_a_connection_that_breaks_after_the_final_dot_leaves_that_mail_unknown_and_it_is_not_sent_again(
    extensions: tuple[str, ...], what: str
) -> None:
    bad = f"body-{what}@x.example"
    mails = [a_mail("a@x.example"), a_mail(bad), a_mail("b@x.example")]
    timeouts_s = limits("final", what)
    async with ScriptedRelay(extensions=extensions) as server, relay_to(server, timeouts_s=timeouts_s) as relay:
        found = await attempts(relay, mails)
    assert ends(found) == {"a@x.example": 250, bad: Wire.UNKNOWN, "b@x.example": 250}
    assert b"".join(server.commands).count(bad.encode()) == 1


@pytest.mark.parametrize("extensions", MODES)
async def test_replies_of_ten_thousand_lines_are_replies(extensions: tuple[str, ...]) -> None:
    mails = [a_mail("rcpt-lines@x.example"), a_mail("body-lines@x.example"), a_mail("b@x.example")]
    async with ScriptedRelay(extensions=extensions) as server, relay_to(server) as relay:
        found = await attempts(relay, mails)
    assert set(ends(found).values()) == {250}
    reply = found["body-lines@x.example"].reply
    assert reply is not None
    assert len(reply.text) <= MAX_TEXT
    assert server.connections == 1


@pytest.mark.parametrize("extensions", MODES)
@pytest.mark.parametrize(("step", "code"), [("rcpt", "354"), ("data", "250")])
async def test_a_code_that_means_nothing_at_its_step_ends_the_connection_and_sends_nothing(
    extensions: tuple[str, ...], step: str, code: str
) -> None:
    bad = f"{step}-{code}@x.example"
    async with ScriptedRelay(extensions=extensions) as server, relay_to(server) as relay:
        found = await attempts(relay, [a_mail("a@x.example"), a_mail(bad), a_mail("b@x.example")])
    assert ends(found) == {"a@x.example": 250, bad: Wire.NOT_SENT, "b@x.example": 250}
    assert bad not in server.recipients


@pytest.mark.parametrize("extensions", MODES)
@pytest.mark.parametrize("step", ["rcpt", "data", "body"])
async def test_421_is_told_of_the_mail_it_answers_and_the_others_go_over_a_new_connection(
    extensions: tuple[str, ...], step: str
) -> None:
    bad = f"{step}-421@x.example"
    mails = [a_mail("a@x.example"), a_mail(bad), a_mail("b@x.example"), a_mail("c@x.example")]
    async with ScriptedRelay(extensions=extensions) as server, relay_to(server) as relay:
        found = await attempts(relay, mails)
    assert ends(found) == {"a@x.example": 250, bad: 421, "b@x.example": 250, "c@x.example": 250}
    assert server.connections == 2


@pytest.mark.parametrize("extensions", MODES)
async def test_a_relay_that_takes_few_mails_a_connection_gets_more_connections(extensions: tuple[str, ...]) -> None:
    mails = [a_mail(f"{n}@x.example") for n in range(10)]
    async with ScriptedRelay(extensions=extensions, per_connection=3) as server, relay_to(server) as relay:
        found = await attempts(relay, mails)
    assert set(ends(found).values()) == {250}
    assert len(found) == len(server.mails) == 10
    assert server.connections == 4


async def test_our_own_limit_of_mails_a_connection_holds() -> None:
    mails = [a_mail(f"{n}@x.example") for n in range(10)]
    async with ScriptedRelay() as server, relay_to(server, messages_per_connection=4) as relay:
        await attempts(relay, mails)
    assert server.connections == 3
    assert b"".join(server.commands).count(b"QUIT") >= 2


@pytest.mark.parametrize("what", ["lost", "reset", "421", "garbage", "hang", "354", "530"])
async def test_a_relay_that_takes_no_mail_at_all_is_unavailable_and_nothing_was_sent(what: str) -> None:
    mails = [a_mail(f"{n}@x.example", sender=f"mail-{what}@shop.example") for n in range(5)]
    async with ScriptedRelay() as server, relay_to(server, timeouts_s=limits("mail", what)) as relay:
        with pytest.raises(RelayUnavailable, match="accepts connections and no mail"):
            await attempts(relay, mails)
    assert server.mails == []
    assert server.connections <= 2


@pytest.mark.parametrize("step", ["rcpt", "data"])
async def test_a_mail_that_breaks_connections_is_told_so_even_when_it_is_alone(step: str) -> None:
    bad = f"{step}-lost@x.example"
    async with ScriptedRelay() as server, relay_to(server) as relay:
        assert ends(await attempts(relay, [a_mail(bad)])) == {bad: Wire.NOT_SENT}
    assert server.connections == 2


async def test_mails_that_break_connections_are_counted_for_the_relay_not_for_each_batch() -> None:
    """Batches of one mail each: from the third on it is the relay, until it answers any."""
    async with ScriptedRelay() as server, relay_to(server) as relay:
        for number in range(2):
            bad = f"rcpt-lost@p{number}.example"
            assert ends(await attempts(relay, [a_mail(bad)])) == {bad: Wire.NOT_SENT}
        with pytest.raises(RelayUnavailable, match="accepts connections and no mail"):
            await attempts(relay, [a_mail("rcpt-lost@p3.example")])
        assert ends(await attempts(relay, [a_mail("a@x.example")])) == {"a@x.example": 250}
        assert ends(await attempts(relay, [a_mail("rcpt-lost@p4.example")])) == {"rcpt-lost@p4.example": Wire.NOT_SENT}


async def test_a_relay_that_signs_gets_mails_without_our_signature() -> None:
    """Never signed by both, and never by none where we sign."""
    raw = b"DKIM-Signature: v=1;\r\n b=x\r\nSubject: x\r\n\r\nHello\r\n"
    mail = replace(a_mail("a@x.example", raw=raw), signature_bytes=raw.index(b"Subject"))
    async with ScriptedRelay() as server:
        for signs in (False, True):
            async with relay_to(server, signs=signs) as relay:
                await attempts(relay, [mail])
    assert [body for _, _, body in server.mails] == [raw, b"Subject: x\r\n\r\nHello\r\n"]


async def test_a_relay_of_a_provider_gets_the_ids_of_emails_in_its_own_header() -> None:
    """Its webhooks tell them (issue 8, 2)."""
    async with ScriptedRelay() as server, relay_to(server, marks=MarkedFor.POSTMARK) as relay:
        await attempts(relay, [a_mail("a@x.example", raw=b"Subject: x\r\n\r\nHello\r\n")])
    [(_, _, body)] = server.mails
    header, _, rest = body.partition(b"\r\n")
    assert header.startswith(b"X-PM-Metadata-email-id: ")
    assert rest == b"Subject: x\r\n\r\nHello\r\n"


async def test_a_relay_that_breaks_at_every_mail_is_unavailable_before_everybody_was_tried() -> None:
    mails = [a_mail(f"rcpt-lost@p{n}.example") for n in range(100)]
    async with ScriptedRelay() as server, relay_to(server, max_connections=4) as relay:
        with pytest.raises(RelayUnavailable, match="accepts connections and no mail"):
            await attempts(relay, mails)
    assert server.connections <= 10


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("extensions", MODES)
async def test_whatever_happens_each_mail_ends_once_and_nobody_gets_two(extensions: tuple[str, ...], seed: int) -> None:
    dice = random.Random(seed)
    fates = ["", "rcpt-550", "rcpt-450", "rcpt-421", "rcpt-lost", "data-451", "data-421", "data-lost", "body-552", "body-421", "body-lost", "rcpt-550-354"]  # fmt: skip # noqa: E501
    weights = [40, 4, 4, 1, 1, 2, 1, 1, 2, 1, 1, 2]
    drawn = dice.choices(fates, weights, k=150)
    mails = [a_mail(f"{fate}@p{n}.example" if fate else f"p{n}@x.example") for n, fate in enumerate(drawn)]
    server = ScriptedRelay(extensions=extensions, split=seed % 4 == 3, per_connection=17)
    told: list[Attempt] = []
    async with server, relay_to(server, max_connections=4, messages_per_connection=23) as relay:
        try:
            async for attempt in relay.deliver(mails, lambda: True):
                told.append(attempt)  # noqa: PERF401  (kept when the relay turns out to be unavailable)
        except RelayUnavailable:
            assert any(fate.endswith("lost") for fate in drawn)
    assert len({attempt.email_id for attempt in told}) == len(told)
    assert len(set(server.recipients)) == len(server.recipients)
    sent = {attempt.email_id for attempt in told if attempt.reply and attempt.reply.code == 250}
    assert sorted(sent) == sorted(f"c:{sender}>{recipient}:0" for sender, recipient, _ in server.mails)
    if len(told) < len(mails):  # what was not told of was not sent
        assert all(
            mail.recipient not in server.recipients for mail in mails if mail.email_id not in {a.email_id for a in told}
        )


async def test_connections_stay_open_between_batches() -> None:
    async with ScriptedRelay() as server, relay_to(server) as relay:
        await attempts(relay, [a_mail("a@x.example")])
        await attempts(relay, [a_mail("b@x.example")])
    assert server.connections == 1


async def test_a_resting_connection_that_the_server_closed_costs_nobody_anything() -> None:
    async with ScriptedRelay() as server, relay_to(server) as relay:
        await attempts(relay, [a_mail("a@x.example")])
        for task in server.open:
            task.cancel()
        found = await attempts(relay, [a_mail("b@x.example")])
    assert ends(found) == {"b@x.example": 250}


async def test_a_batch_without_mails_connects_to_nobody() -> None:
    async with ScriptedRelay() as server, relay_to(server) as relay:
        assert await attempts(relay, []) == {}
    assert server.connections == 0


async def test_the_check_logs_in_and_sends_nothing() -> None:
    async with ScriptedRelay() as server, relay_to(server) as relay:
        await relay.check()
        await attempts(relay, [a_mail("a@x.example")])
    assert server.connections == 1


async def test_a_connection_that_rests_too_long_is_closed_politely() -> None:
    async with ScriptedRelay() as server, relay_to(server, idle_timeout_s=0.01) as relay:
        await attempts(relay, [a_mail("a@x.example")])
        await asyncio.wait_for(asyncio.gather(*server.open, return_exceptions=True), LONGEST_S)
        assert server.commands[-1] == b"QUIT\r\n"


async def test_batches_at_the_same_time_share_the_connections() -> None:
    batches = [[a_mail(f"{n}@{b}.example") for n in range(20)] for b in range(4)]
    async with ScriptedRelay() as server, relay_to(server, max_connections=3) as relay:
        found = await asyncio.gather(*(attempts(relay, batch) for batch in batches))
    assert all(len(one) == 20 for one in found)
    assert len(server.mails) == 80
    assert server.connections <= 3


async def test_nothing_more_is_begun_once_told_to_stop() -> None:
    mails = [a_mail(f"{n}@x.example") for n in range(50)]
    seen: list[Attempt] = []
    async with ScriptedRelay() as server, relay_to(server) as relay:
        async for attempt in relay.deliver(mails, lambda: len(seen) < 5):
            seen.append(attempt)  # noqa: PERF401  (keep_going reads it meanwhile)
    assert 5 <= len(seen) <= 8
    assert len(server.mails) == len(seen)


@pytest.mark.parametrize("address", ["a b@x.example", "a>@x.example", 'a"b@x.example', "a\r\nRCPT TO:<y@x.example>", "a\x00@x.example", "é@x.example", "\\@x.example"])  # fmt: skip # noqa: E501
async def test_an_address_that_smtp_cannot_carry_never_reaches_the_wire(address: str) -> None:
    async with ScriptedRelay() as server, relay_to(server) as relay:
        found = await attempts(relay, [a_mail(address), a_mail("b@x.example"), a_mail("c@x.example", sender=address)])
    assert ends(found) == {address: 553, "b@x.example": 250, "c@x.example": 553}
    assert server.recipients == ["b@x.example"]
    assert b"".join(server.commands).count(b"RCPT") == 1


async def test_a_mail_that_needs_smtputf8_goes_only_where_it_is_offered() -> None:
    mail = replace(a_mail("é@x.example"), needs_smtputf8=True)
    async with ScriptedRelay() as server, relay_to(server) as relay:
        refused = await attempts(relay, [mail])
    assert ends(refused) == {"é@x.example": 553}
    assert server.mails == []
    async with ScriptedRelay(extensions=("SMTPUTF8", "8BITMIME", "PIPELINING")) as server, relay_to(server) as relay:
        sent = await attempts(relay, [mail])
    assert ends(sent) == {"é@x.example": 250}
    assert b"SMTPUTF8 BODY=8BITMIME" in b"".join(server.commands)


@pytest.mark.parametrize(
    ("raw", "arrives"),
    [
        (b"A: b\r\n\r\n.\r\n..x\r\n", b"A: b\r\n\r\n.\r\n..x\r\n"),
        (b".A: b\r\n\r\nno end", b".A: b\r\n\r\nno end\r\n"),
        (b"A: b\n\nx\n.\nMAIL FROM:<evil@x>\n", b"A: b\r\n\r\nx\r\n.\r\nMAIL FROM:<evil@x>\r\n"),
        (b"A: b\r\n\r\nx\r.\r\n", b"A: b\r\n\r\nx\r\n.\r\n"),
    ],
)
async def test_a_body_arrives_as_it_was_whatever_its_dots_and_line_ends(raw: bytes, arrives: bytes) -> None:
    async with ScriptedRelay() as server, relay_to(server) as relay:
        await attempts(relay, [a_mail("a@x.example", raw=raw), a_mail("b@x.example")])
    assert server.mails[0][2] == arrives
    assert server.recipients == ["a@x.example", "b@x.example"]


# ---- logging in


async def unavailable(relay_options: SmtpOptions) -> str:
    relay = SmtpRelay(relay_options)
    with pytest.raises(RelayUnavailable) as caught:
        await attempts(relay, [a_mail("a@x.example")])
    return str(caught.value)


async def test_a_relay_that_is_away_says_what_to_check() -> None:
    async with ScriptedRelay() as server:
        pass
    text = await unavailable(options(server))
    assert f"127.0.0.1:{server.port} cannot be reached" in text
    assert "host and port" in text


async def test_a_relay_that_refuses_the_connection_says_why() -> None:
    async with ScriptedRelay(greeting="554 5.7.1 your address is on a block list") as server:
        assert "refuses us: 554 5.7.1 your address is on a block list" in await unavailable(options(server))


async def test_a_relay_that_does_not_greet_is_unavailable() -> None:
    async with ScriptedRelay(greeting="hang") as server:
        quick = SmtpTimeouts(connect_s=0.2)
        assert "does not answer within 0.2 s" in await unavailable(options(server, timeouts_s=quick))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"), "localhost")


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_mail_goes_encrypted_and_logged_in(certificate: Path, tls: Tls) -> None:
    async with ScriptedRelay(tls=server_tls(certificate), starttls=tls is Tls.STARTTLS) as server:
        changes = {
            "host": "localhost",
            "tls": tls,
            "ca_file": str(certificate),
            "username": "user",
            "password": "secret",
        }
        async with relay_to(server, **changes) as relay:
            mails = [a_mail(f"{n}@x.example", raw=b"A: b\r\n\r\n" + b"long line\r\n" * 20_000) for n in range(10)]
            found = await attempts(relay, mails)
    assert set(ends(found).values()) == {250}
    assert len(server.mails[0][2]) > 200_000


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path, tls: Tls) -> None:
    async with ScriptedRelay(tls=server_tls(certificate), starttls=tls is Tls.STARTTLS) as server:
        text = await unavailable(options(server, host="localhost", tls=tls))
    assert "the certificate of the SMTP relay localhost" in text
    assert "ca_file" in text
    assert b"MAIL" not in b"".join(server.commands)


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_a_certificate_of_another_name_is_refused(certificate: Path, tls: Tls) -> None:
    async with ScriptedRelay(tls=server_tls(certificate), starttls=tls is Tls.STARTTLS) as server:
        text = await unavailable(options(server, tls=tls, ca_file=str(certificate)))
    assert "is not accepted" in text
    assert "host name" in text


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_an_expired_certificate_is_refused(tmp_path: Path, tls: Tls) -> None:
    old = self_signed(tmp_path, "localhost", days_ago=3)
    async with ScriptedRelay(tls=server_tls(old), starttls=tls is Tls.STARTTLS) as server:
        text = await unavailable(options(server, host="localhost", tls=tls, ca_file=str(old)))
    assert "certificate has expired" in text


@pytest.mark.parametrize("what", ["hang", "reset", "garbage", "454 4.7.0 not now", "421 4.3.2 closing"])
@pytest.mark.parametrize("stage", ["ehlo", "starttls", "auth"])
async def test_whatever_happens_at_the_login_is_told_and_no_mail_and_no_password_in_the_clear(
    certificate: Path, stage: str, what: str
) -> None:
    quick = SmtpTimeouts(connect_s=0.4)
    login = {"username": "user", "password": "secret", "tls": Tls.STARTTLS, "ca_file": str(certificate)}
    async with ScriptedRelay(tls=server_tls(certificate), starttls=True, login={stage: what}) as server:
        text = await unavailable(options(server, host="localhost", timeouts_s=quick, **login))
    assert f"localhost:{server.port}" in text
    assert "secret" not in text
    commands = b"".join(server.commands)
    assert b"MAIL" not in commands
    assert b"AUTH" not in commands.partition(b"STARTTLS")[0]


@pytest.mark.parametrize("words", ["250 scripted and lost", "250 reset and lost"])
async def test_a_connection_that_ends_right_after_the_login_is_waited_for_by_nobody(words: str) -> None:
    """Whether its end comes before we take the connection over or after."""
    async with ScriptedRelay(login={"ehlo": words}) as server:
        for _ in range(20):
            async with asyncio.timeout(20):  # a relay is waited for for minutes
                text = await unavailable(options(server))
            assert f"127.0.0.1:{server.port}" in text


async def test_a_connection_that_is_reset_before_the_greeting_is_told() -> None:
    async with ScriptedRelay(greeting="reset") as server:
        assert "cannot be reached" in await unavailable(options(server))


async def test_encryption_is_never_given_up_silently() -> None:
    async with ScriptedRelay() as server:
        text = await unavailable(options(server, tls=Tls.STARTTLS))
    assert "starttls" in text.lower()
    assert b"MAIL" not in b"".join(server.commands)


async def test_implicit_tls_at_a_plain_port_says_so() -> None:
    async with ScriptedRelay() as server:
        assert "does not speak TLS" in await unavailable(options(server, tls=Tls.IMPLICIT))


async def test_a_refused_login_names_what_to_check_and_not_the_password(certificate: Path) -> None:
    async with ScriptedRelay(tls=server_tls(certificate), starttls=True) as server:
        changes = {"host": "localhost", "tls": Tls.STARTTLS, "ca_file": str(certificate)}
        text = await unavailable(options(server, **changes, username="user", password="wrong-one"))
    assert "refuses the login: 535 5.7.8 wrong password" in text
    assert "wrong-one" not in text


async def test_a_missing_ca_file_is_named(certificate: Path) -> None:
    async with ScriptedRelay() as server:
        text = await unavailable(options(server, tls=Tls.STARTTLS, ca_file="/nowhere/ca.pem"))
    assert "/nowhere/ca.pem" in text


@pytest.mark.parametrize(
    ("host", "security"),
    [
        ("localhost", Tls.NONE),
        ("127.0.0.5", Tls.NONE),
        ("::1", Tls.NONE),
        ("smtp.shop.example", Tls.STARTTLS),
        ("10.0.0.7", Tls.STARTTLS),
        ("localhost.evil.example", Tls.STARTTLS),
    ],
)
def test_only_this_very_machine_is_spoken_to_in_plain_text_by_default(host: str, security: Tls) -> None:
    assert SmtpOptions(host, 25).security is security
    assert SmtpOptions(host, 25, tls=Tls.NONE).security is Tls.NONE
