"""SpamAssassin: a real spamd, and servers on its port that are none (R59)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from cli.embedded.ports import any_free
from domain.campaign import Content
from domain.dkim_key import RELAY_SIGNS
from domain.findings import Severity
from domain.lint import GTUBE
from domain.predesigned import predesigned
from domain.review import sample_mail
from domain.spam_verdict import EngineAway, SpamVerdict
from gateways.spam_engine import SpamAssassin, SpamdOptions
from handlers.ports.checks import SpamEngine
from handlers.review_checks import ReviewChecks
from tests.builders import NOW, a_campaign
from tests.fakes.spam_engine import MemorySpamEngine
from tests.handlers.reviewing import GREEN, KEYS
from tests.integration.private_spamd import spamd

PILLS = "Dear friend, lose weight with viagra and cialis! 100% free, order now, click here. Million dollars, no fees."


@pytest.fixture(scope="module")
def engine() -> Iterator[SpamAssassin]:
    with spamd() as port:
        yield SpamAssassin(SpamdOptions("127.0.0.1", port, timeout_s=60))


def mail(words: str) -> bytes:
    """A newsletter with these words, as the sample person would get it."""
    source = predesigned("newsletter").source({"story_text": words}, subject="What is in season")
    campaign = a_campaign(content=Content(source.subject, html=source.html, text=source.text))
    found = sample_mail(campaign, GREEN, KEYS, RELAY_SIGNS, NOW)
    assert found is not None
    return found


async def test_a_newsletter_of_ours_has_hardly_any_points(engine: SpamAssassin) -> None:
    said = await engine.judge(mail("Strawberries are ripe, and the market is open on Saturday from eight to one."))
    assert isinstance(said, SpamVerdict)
    assert said.score < 3, said


async def test_gtube_and_pills_are_told_with_their_rules(engine: SpamAssassin) -> None:
    said = await engine.judge(mail(f"{PILLS} {GTUBE}"))
    assert isinstance(said, SpamVerdict)
    assert said.score > 1000
    told = {hit.name: hit for hit in said.hits}
    assert told["GTUBE"].points == 1000
    assert told["GTUBE"].text == "BODY: Generic Test for Unsolicited Bulk Email"
    assert any(hit.points > 0 for name, hit in told.items() if name != "GTUBE")


async def test_a_review_rejects_what_the_engine_calls_spam(engine: SpamAssassin) -> None:
    source = predesigned("newsletter").source({"story_text": GTUBE}, subject="What is in season")
    campaign = a_campaign(content=Content(source.subject, html=source.html, text=source.text))
    found = (await ReviewChecks(GREEN, KEYS, RELAY_SIGNS, lambda: NOW, spam_engine=engine)(campaign)).findings
    [spam] = [each for each in found if each.rule == "spam-score"]
    assert spam.severity is Severity.ERROR
    assert "1000 GTUBE" in spam.text


@pytest.mark.parametrize("kind", ["memory", "spamd"])
async def test_every_mail_gets_a_verdict(kind: str, request: pytest.FixtureRequest) -> None:
    """The contract of the port."""
    port: SpamEngine = MemorySpamEngine() if kind == "memory" else request.getfixturevalue("engine")
    for raw in (b"", b"\x00\xff", b"Subject: x\r\n\r\n" + b"a b c\r\n" * 10_000):
        assert isinstance(await port.judge(raw), SpamVerdict)


# ---- nobody there, or somebody else


@asynccontextmanager
async def on_its_port(says: bytes | None) -> AsyncIterator[SpamAssassin]:
    """A server that says this and hangs up; None: it says nothing and stays."""
    over = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        if says is None:
            await over.wait()
        else:
            writer.write(says)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield SpamAssassin(SpamdOptions("127.0.0.1", server.sockets[0].getsockname()[1], timeout_s=60))
        over.set()


HEAD = b"SPAMD/1.1 0 EX_OK\r\nContent-length: 1\r\nSpam: True ; 7.3 / 5.0\r\n\r\n"
REPORT = b"""Content preview: 9.9 FAKE_RULE made up

 pts rule name              description
---- ---------------------- --------------------------------------------------
 4.0 FIRST_RULE             BODY: a description that does not
                            [fit into one line]
-0.1 GOOD_RULE              Message has a signature
 3.4 LAST_RULE              No description available.

"""


async def test_the_report_is_read_with_its_wrapped_lines_and_nothing_of_the_content_counts_as_a_rule() -> None:
    async with on_its_port(HEAD + REPORT) as engine:
        said = await engine.judge(b"x")
    assert isinstance(said, SpamVerdict)
    assert said.score == 7.3
    assert [(hit.points, hit.name) for hit in said.hits] == [
        (4.0, "FIRST_RULE"), (-0.1, "GOOD_RULE"), (3.4, "LAST_RULE"),
    ]  # fmt: skip
    assert said.hits[0].text == "BODY: a description that does not [fit into one line]"


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (b"", "no answer that spamd gives"),
        (b"220 mx.example ESMTP\r\n", "no answer that spamd gives"),
        (b"SPAMD/1.1 0 EX_OK\r\n\r\n", "no answer that spamd gives"),
        (b"SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n", "EX_TEMPFAIL"),
        (b"SPAMD/1.0 76 Bad header line: x\r\n", "Bad"),
        (b"A" * 1_000_000, "no answer that spamd gives"),
    ],
)
async def test_whoever_is_no_spamd_is_away(says: bytes, why: str) -> None:
    async with on_its_port(says) as engine:
        said = await engine.judge(b"x")
    assert isinstance(said, EngineAway)
    assert why in said.why


async def test_who_says_nothing_is_away_after_the_time_limit() -> None:
    async with on_its_port(None) as engine:
        hurried = SpamAssassin(replace(engine.options, timeout_s=0.2))
        said = await hurried.judge(b"x")
    assert isinstance(said, EngineAway)
    assert "did not answer within 0.2 s" in said.why


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
async def test_nobody_there_is_a_finding_and_no_hung_review(host: str) -> None:
    away = SpamAssassin(SpamdOptions(host, any_free(), timeout_s=60))
    found = (await ReviewChecks(GREEN, KEYS, RELAY_SIGNS, lambda: NOW, spam_engine=away)(a_campaign())).findings
    [said] = [each for each in found if each.rule == "spam-engine-away"]
    assert said.severity is Severity.UNKNOWN
    assert f"spamd at {host}" in said.text
