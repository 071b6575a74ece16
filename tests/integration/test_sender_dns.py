"""TXT records from a name server on loopback, and a sender checked by them (D8)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import dns.asyncresolver
import pytest

from domain.dkim_key import DkimKeys, record_strings
from domain.dns_texts import NO_ANSWER, Texts
from gateways.sender_dns import DnsTexts
from handlers.ports.checks import SenderDns
from handlers.review_checks import ReviewChecks
from tests.builders import NOW, a_campaign
from tests.domain.dkim_world import a_key
from tests.fakes.sender_dns import MemorySenderDns
from tests.handlers.reviewing import GREEN, KEYS, content
from tests.integration.name_server import NameServer, name_server

KEY = a_key("green.shop")
STRINGS = " ".join(f'"{part}"' for part in record_strings(KEY.record_value))
ZONE = {
    "green.shop": (600, ['"v=spf1 include:relay.shop ~all"', '"something" " else"']),
    "relay.shop": (600, ['"v=spf1 ip4:192.0.2.0/24 -all"']),
    "s1._domainkey.green.shop": (600, [STRINGS]),
    "_dmarc.green.shop": (600, ['"v=DMARC1; p=none"']),
}


@pytest.fixture
async def dns_server() -> AsyncIterator[tuple[NameServer, dns.asyncresolver.Resolver]]:
    async with name_server(ZONE, "TXT") as found:
        yield found


@pytest.mark.parametrize("kind", ["memory", "dns"])
async def test_every_name_is_answered(kind: str, dns_server: tuple[NameServer, dns.asyncresolver.Resolver]) -> None:
    """The contract of the port."""
    server, resolver = dns_server
    server.failing.add("_dmarc.green.shop")
    memory = MemorySenderDns(zone={"green.shop": ["something else", "v=spf1 include:relay.shop ~all"]})
    memory.silent.add("_dmarc.green.shop")
    port: SenderDns = memory if kind == "memory" else DnsTexts(resolver)
    assert await port.texts(["green.shop", "nowhere.shop", "nothing.example", "_dmarc.green.shop"]) == {
        "green.shop": Texts(("something else", "v=spf1 include:relay.shop ~all")),
        "nowhere.shop": Texts(),
        "nothing.example": Texts(),
        "_dmarc.green.shop": NO_ANSWER,
    }
    assert await port.texts([]) == {}


async def test_a_record_in_several_strings_is_one_text(
    dns_server: tuple[NameServer, dns.asyncresolver.Resolver],
) -> None:
    name = KEY.name.record
    assert await DnsTexts(dns_server[1]).texts([name]) == {name: Texts((KEY.record_value,))}


async def test_a_server_that_is_silent_is_no_answer(dns_server: tuple[NameServer, dns.asyncresolver.Resolver]) -> None:
    server, resolver = dns_server
    server.silent = True
    assert await DnsTexts(resolver, timeout_s=0.2).texts(["green.shop", "x.shop"]) == {
        "green.shop": NO_ANSWER,
        "x.shop": NO_ANSWER,
    }


@pytest.mark.parametrize("name", ["a..b", f"{'x' * 64}.shop", ".".join(["abc"] * 80)])
async def test_a_name_that_is_none_has_no_records(
    name: str, dns_server: tuple[NameServer, dns.asyncresolver.Resolver]
) -> None:
    assert await DnsTexts(dns_server[1]).texts([name]) == {name: Texts()}


async def test_a_good_sender_passes_and_each_name_is_asked_once(
    dns_server: tuple[NameServer, dns.asyncresolver.Resolver],
) -> None:
    server, resolver = dns_server
    keys = DkimKeys({"green.shop": KEY})
    sender = a_campaign(content=content()).sender
    campaign = a_campaign(content=content(), sender=type(sender)("Green Ltd", "news@green.shop"))
    checks = ReviewChecks(GREEN, KEYS, keys, lambda: NOW, sender_dns=DnsTexts(resolver))
    assert (await checks(campaign)).findings == ()
    assert server.asked == dict.fromkeys([*ZONE, "_dmarc.shop"], 1)
    server.failing.add("relay.shop")
    assert [each.rule for each in (await checks(campaign)).findings] == ["sender-dns-unknown"]
