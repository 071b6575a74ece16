"""Floods, bodies that are too long, too slow or lie, strange hosts, and what is logged of all that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import ip_network

import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from domain.tracking import Kind
from tests.web.asking import ask
from tests.web.house import House, path
from web.app import WebOptions
from web.client import UNKNOWN, client_of, site_of
from web.flood import Flood
from web.whole_body import WholeBody

LEAVE, PIXEL, PAGE = path(Kind.UNSUBSCRIBE), path(Kind.OPEN), path(Kind.PREFERENCES)
PROXIES = tuple(ip_network(each) for each in ("10.0.0.0/8", "fd00::/8"))


async def test_a_flood_from_one_address_is_refused_and_nobody_else_is() -> None:
    house = House(burst=5)
    answers = [await house.get(PIXEL) for _ in range(9)]
    assert [answer.status for answer in answers] == [200] * 5 + [429] * 4
    assert answers[-1].headers["retry-after"] == "1"
    assert (await ask(house.app, PIXEL, client="203.0.113.8")).status == 200
    house.clock_s += 2
    assert [(await house.get(PIXEL)).status for _ in range(3)] == [200, 200, 429]


async def test_whoever_wants_to_leave_is_never_refused() -> None:
    house = House(burst=1)
    assert [(await house.post(LEAVE)).status for _ in range(5)] == [200] * 5


async def test_a_client_is_told_apart_behind_our_own_proxy_only() -> None:
    house = House(burst=1, options=WebOptions(trusted_proxies=PROXIES))
    for client in ("198.51.100.1", "198.51.100.2"):
        assert (await ask(house.app, PIXEL, client="10.0.0.1", headers={"x-forwarded-for": client})).status == 200
    forged = {"x-forwarded-for": "198.51.100.3"}
    assert [(await ask(house.app, PIXEL, headers=forged)).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.2,10.0.0.3", "10.0.0.2"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "<script>", UNKNOWN),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:4711, 10.0.0.9:80", "2001:db8::1"),
        ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ("10.0.0.1", "198.51.100.1:http", UNKNOWN),
        ("10.0.0.1", ":80", UNKNOWN),
        (None, "198.51.100.1", UNKNOWN),
        ("testclient", "", UNKNOWN),
    ],
)
def test_the_client_is_the_last_that_our_proxies_vouch_for(peer: str | None, forwarded: str, expected: str) -> None:
    assert client_of(peer, forwarded, PROXIES) == expected


def test_an_ipv6_client_is_its_whole_network() -> None:
    assert site_of("2001:db8:1:2:3::4") == site_of("2001:db8:1:2:ffff::") == "2001:db8:1:2::/64"
    assert site_of("203.0.113.7") == "203.0.113.7"
    assert site_of(UNKNOWN) == UNKNOWN


def test_a_flood_of_clients_is_forgotten_but_for_the_newest() -> None:
    flood = Flood(1, 1, lambda: 0.0)
    assert all(flood.admits(str(number)) for number in range(20_001))
    assert not flood.admits("20000")
    assert flood.admits("0"), "it was forgotten"


async def test_a_body_of_100_mb_is_refused_before_it_is_read() -> None:
    house = House()
    answer = await house.post(LEAVE, b"x", **{"content-length": str(100_000_000)})
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert not house.suppressions.stored


@pytest.mark.parametrize("told", [{}, {"content-length": "5"}])
async def test_a_body_that_grows_beyond_what_it_says_is_refused(told: dict[str, str]) -> None:
    house = House()
    parts = [b"x" * 10_000] * 10_000
    answer = await ask(house.app, LEAVE, method="POST", body=parts, headers=told)
    assert (answer.status, len(house.suppressions.stored)) == (413, 0)


@pytest.mark.parametrize("told", ["-1", "1e3", "¹", ""])
async def test_a_length_that_is_none_is_refused(told: str) -> None:
    assert (await House().post(LEAVE, b"", **{"content-length": told})).status == 413


async def test_a_length_of_more_digits_than_python_reads_is_refused() -> None:
    house = House()
    assert (await house.post(LEAVE, b"x", **{"content-length": "0" * 5000 + "1"})).status == 413
    assert (await house.post(LEAVE, b"x", **{"content-length": "0001"})).status == 200


async def test_a_body_that_breaks_off_changes_nothing() -> None:
    house = House()
    answer = await ask(house.app, LEAVE, method="POST", body=b"List-Unsub", goes_away=True)
    assert (answer.status, len(house.suppressions.stored)) == (0, 0)


async def test_a_body_that_does_not_come_in_time_is_given_up() -> None:
    house = House(options=WebOptions(body_timeout_s=0))
    sent: list[Message] = []

    async def never() -> Message:
        return await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": LEAVE, "headers": [(b"host", b"x")], "client": ("1.2.3.4", 1)}
    await house.app(scope, never, send)
    assert (sent[0]["status"], len(house.suppressions.stored)) == (408, 0)


@pytest.mark.parametrize(
    ("asked", "length", "status"), [("/large/x", 90, 200), ("/large/x", 101, 413), ("/x", 11, 413)]
)
async def test_some_paths_take_more(asked: str, length: int, status: int) -> None:
    async def echo(scope: object, receive: object, send: object) -> None:
        from starlette.responses import Response

        await Response(b"fine")(scope, receive, send)  # type: ignore[arg-type]

    app = WholeBody(echo, 10, {"/large/": 100}, 10)
    assert (await ask(app, asked, method="POST", body=b"x" * length)).status == status


async def test_longer_bodies_are_held_only_as_far_as_there_is_room_and_others_are_not_held_up() -> None:
    waiting, answering = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if scope["path"] == "/large/slow":
            waiting.set()
            await answering.wait()
        await Response(b"fine")(scope, receive, send)

    app = WholeBody(slow, 10, {"/large/": 100, "/other/": 100}, 10, most_held_bytes=150)
    first = asyncio.create_task(ask(app, "/large/slow", method="POST", body=b"x" * 100))
    await waiting.wait()
    full = await ask(app, "/large/x", method="POST", body=[b"x" * 20] * 3)
    assert (full.status, full.headers["retry-after"], full.headers["connection"]) == (503, "1", "close")
    for asked, length in (("/large/x", 50), ("/other/x", 100), ("/u/x", 10)):
        assert (await ask(app, asked, method="POST", body=b"x" * length)).status == 200, asked
    answering.set()
    assert (await first).status == 200
    assert (await ask(app, "/large/x", method="POST", body=b"x" * 100)).status == 200, "there is room again"


async def test_what_is_refused_or_breaks_off_leaves_its_room() -> None:
    app = WholeBody(Response(b"fine"), 10, {"/large/": 100}, 10, most_held_bytes=100)
    for _ in range(3):
        assert (await ask(app, "/large/x", method="POST", body=[b"x" * 60] * 2)).status == 413
        assert (await ask(app, "/large/x", method="POST", body=b"x" * 90, goes_away=True)).status == 0
    assert (await ask(app, "/large/x", method="POST", body=b"x" * 100)).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("mail.green.example", 200),
        ("MAIL.green.example:8081", 200),
        ("evil.example", 421),
        ("", 421),
        ("[::1]:80", 200),
    ],
)
async def test_only_our_own_names_are_answered_where_they_are_set(host: str, status: int) -> None:
    house = House(options=WebOptions(hosts=frozenset({"mail.green.example", "[::1]"})))
    assert (await house.get(LEAVE, host=host)).status == status


PATHS: Sequence[str] = (PIXEL, path(Kind.CLICK), LEAVE, PAGE, "/nothing/ann@example.com")


async def test_logs_and_metrics_hold_no_address_and_no_token() -> None:
    house = House()
    with capture_logs() as logs:
        for each in PATHS:
            await house.get(each)
        await ask(house.app, PIXEL, method="ann@example.com")
    assert [entry["route"] for entry in logs] == [
        "pixel",
        "click",
        "unsubscribe_page",
        "preferences_page",
        "none",
        "pixel",
    ]
    told = str(logs) + str(list(house.registry.collect()))
    assert not any(secret in told for secret in ("@", "203.0.113.7", *(each[3:20] for each in PATHS[:4])))


async def test_the_access_log_can_be_left_out() -> None:
    house = House(options=WebOptions(access_log=False))
    with capture_logs() as logs:
        await house.get(PIXEL)
    assert logs == []
    labels = {"route": "pixel", "method": "GET", "status": "200"}
    assert house.registry.get_sample_value("seconds_count", labels) == 1


async def test_a_bug_is_an_error_for_whoever_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()

    async def broken() -> object:
        raise RuntimeError("a bug")

    monkeypatch.setattr(house.topics, "all", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        await house.get(PAGE)
