"""Mail servers from DNS: a name server on loopback, what is remembered for how long, and that nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from domain.destinations import DestinationGroup, group_of_hosts
from gateways.mx import MailHosts
from handlers.destination_groups import DestinationGroups
from tests.integration.name_server import NameServer, name_server
from tests.waiting import wait_until

ZONE: Mapping[str, tuple[int, list[str]]] = {
    "google-hosted.example": (600, ["5 alt1.aspmx.l.google.com.", "1 ASPMX.L.Google.com.", "10 mx.spare.example."]),
    "microsoft-hosted.example": (600, ["0 microsofthosted-example.mail.protection.outlook.com."]),
    "own.example": (60, ["10 mail.own.example."]),
    "no-mail.example": (600, ["0 ."]),
    "short.example": (1, ["10 mail.own.example."]),
}


class Clock:
    now_s = 0.0

    def elapsed(self) -> float:
        return self.now_s


@asynccontextmanager
async def looking_up(clock: Clock | None = None, most: int = 100) -> AsyncIterator[tuple[NameServer, MailHosts]]:
    async with name_server(ZONE, "MX") as (server, resolver):
        hosts = MailHosts(resolver, most=most, elapsed=(clock or Clock()).elapsed)
        try:
            yield server, hosts
        finally:
            await hosts.close()


async def known(hosts: MailHosts, domain: str) -> tuple[str, ...]:
    async def has_answer() -> bool:
        return hosts.of(domain) is not None

    await wait_until(has_answer, timeout_s=60, what=f"an answer for {domain}")
    found = hosts.of(domain)
    assert found is not None
    return tuple(found)


async def test_a_domain_is_unknown_at_first_and_asked_for_once() -> None:
    async with looking_up() as (server, hosts):
        assert [hosts.of("google-hosted.example") for _ in range(100)] == [None] * 100
        found = await known(hosts, "google-hosted.example")
        assert found == ("aspmx.l.google.com", "alt1.aspmx.l.google.com", "mx.spare.example")
        assert server.asked == {"google-hosted.example": 1}


async def test_no_mail_no_record_and_no_domain_are_answers_too() -> None:
    async with looking_up() as (server, hosts):
        for domain in ("no-mail.example", "nothing.example", "never-heard-of.example"):
            assert await known(hosts, domain) == ()
        assert set(server.asked.values()) == {1}


async def test_an_answer_counts_as_long_as_it_says_but_no_less_than_five_minutes_and_the_old_one_until_a_new() -> None:
    clock = Clock()
    async with looking_up(clock) as (server, hosts):
        await known(hosts, "short.example")
        clock.now_s = 299
        hosts.of("short.example")
        await asyncio.sleep(0.05)
        assert server.asked["short.example"] == 1
        server.zone["short.example"] = (600, ["1 new.example."])
        clock.now_s = 301
        assert hosts.of("short.example") == ("mail.own.example",)

        async def is_new() -> bool:
            return hosts.of("short.example") == ("new.example",)

        await wait_until(is_new, timeout_s=60, what="the new answer")


async def test_a_name_server_that_is_silent_holds_nobody_up_and_leaves_nothing_behind() -> None:
    async with looking_up() as (server, hosts):
        server.silent = True
        assert [hosts.of(f"d{number}.example") for number in range(5_000)] == [None] * 5_000
        await asyncio.sleep(0.05)
        assert len(server.asked) <= 10  # a few at once, however many wait
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert others == []


async def test_no_more_domains_are_remembered_than_there_is_room_for() -> None:
    async with looking_up(most=2) as (server, hosts):
        for domain in ("own.example", "short.example", "no-mail.example"):
            await known(hosts, domain)
        assert hosts.of("short.example") == ("mail.own.example",)
        assert hosts.of("own.example") is None  # forgotten, and asked for again
        await known(hosts, "own.example")
        assert server.asked["own.example"] == 2


async def test_a_name_that_is_none_is_never_known_and_breaks_nothing() -> None:
    async with looking_up() as (_, hosts):
        assert hosts.of("a..b") is None
        assert hosts.of("x" * 300) is None
        assert await known(hosts, "own.example") == ("mail.own.example",)
        assert hosts.of("a..b") is None


async def test_a_companys_domain_passes_the_throttle_of_who_runs_its_mail_servers() -> None:
    async with looking_up() as (server, hosts):
        throttles_of = DestinationGroups(hosts)
        assert throttles_of("google-hosted.example") == ("group:other", "domain:google-hosted.example")
        await known(hosts, "google-hosted.example")
        await known(hosts, "microsoft-hosted.example")
        await known(hosts, "own.example")
        assert throttles_of("google-hosted.example") == ("group:google",)
        assert throttles_of("microsoft-hosted.example") == ("group:outlook",)
        assert throttles_of("own.example") == ("group:other", "domain:own.example")
        assert throttles_of("gmail.com") == ("group:google",)
        assert "gmail.com" not in server.asked  # the table knows it


def test_the_first_mail_server_tells_who_runs_them() -> None:
    assert group_of_hosts(["mx.spare.example", "aspmx.l.google.com"]) is DestinationGroup.OTHER
