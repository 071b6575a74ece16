"""What is not counted as pages are: nothing is read for whom the headers give away, and refusals are counted."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry, Histogram
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.web.asking import ask
from tests.web.test_event_gateway import BATCH, GatewayWorld, an_event
from web import event_gateway, webhooks
from web.app import Guard, WebOptions, build
from web.event_gateway import MOST_BYTES, PATH, routes
from web.flood import Flood
from web.traffic import Traffic
from web.visitors import UNCOUNTED
from web.whole_body import WholeBody
from workers.web_intake import LARGER_BODIES, guard

HOOK = webhooks.PATH + "ours"
SECOND = "203.0.113.8"


class House:
    """The gateway and a webhook behind doors; its signature is the body `signed`."""

    def __init__(self, at_once: int = 3) -> None:
        self.world, self.clock_s, self.read = GatewayWorld(), 0.0, 0
        refused = Flood(1, at_once, lambda: self.clock_s)
        guarded = Guard({webhooks.PATH: None, PATH: self.world.gateway.door}, refused)
        seconds = Histogram("seconds", "…", ["route", "method", "status"], registry=CollectorRegistry())
        self.app: ASGIApp = build(
            [*routes(self.world.gateway), Route(HOOK, self._hook, methods=["POST"])],
            WebOptions(larger_bodies=LARGER_BODIES, access_log=False),
            Flood(1, 1, lambda: self.clock_s),
            Traffic(seconds),
            lambda request, status: Response(status_code=status),
            guarded,
        )

    async def _hook(self, request: Request) -> Response:
        self.read += 1
        return Response(status_code={b"signed": 200, b"away": 503}.get(await request.body(), 403))

    async def hook(self, body: bytes, client: str = "203.0.113.7") -> int:
        return (await ask(self.app, HOOK, method="POST", body=body, client=client)).status

    async def events(self, headers: Mapping[str, str], body: bytes = b"[]") -> int:
        return (await ask(self.app, PATH, method="POST", body=body, headers={**BATCH, **headers})).status

    @property
    def token(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.world.secret}"}


@pytest.mark.parametrize("shown", ["", "Bearer x", "Bearer cgw_000000000000_" + "A" * 43])
async def test_nothing_is_read_of_who_shows_no_token_that_counts(shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    house, read = House(), list[int]()
    held = WholeBody.__call__

    async def noted(self: WholeBody, *given: object) -> None:
        read.append(1)
        await held(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(WholeBody, "__call__", noted)
    answer = await ask(
        house.app,
        PATH,
        method="POST",
        body=[b" " * 1024] * 1024,
        headers={"authorization": shown, "content-length": str(MOST_BYTES), **BATCH},
    )
    assert (answer.status, answer.headers["www-authenticate"], answer.headers["connection"]) == (401, "Bearer", "close")
    assert read == []
    assert await house.events(house.token) == 202
    assert read == [1]


async def test_who_is_refused_again_and_again_has_to_wait_and_good_tokens_have_not() -> None:
    house = House(at_once=3)
    assert [await house.events({}) for _ in range(5)] == [401] * 3 + [429] * 2
    large = json.dumps([an_event(str(number)) for number in range(200)]).encode()
    assert [await house.events(house.token, large) for _ in range(3)] == [202] * 3, "of the same address"
    assert [await house.events(house.token, b"{") for _ in range(9)] == [400] * 9, "its token answers for it"
    house.clock_s += 1
    assert [await house.events({}) for _ in range(2)] == [401, 429]


async def test_a_webhook_that_is_refused_again_and_again_is_not_even_read_any_more() -> None:
    house = House(at_once=3)
    assert [await house.hook(b"signed") for _ in range(9)] == [200] * 9, "what is believed is never too much"
    assert [await house.hook(b"away") for _ in range(9)] == [503] * 9, "it was none of its faults"
    assert [await house.hook(b"forged") for _ in range(5)] == [403] * 3 + [429] * 2
    assert house.read == 21
    assert await house.hook(b"signed", SECOND) == 200, "others are not held up"
    house.clock_s += 1
    assert await house.hook(b"signed") == 200


async def test_bodies_that_break_off_are_counted_as_refused() -> None:
    house = House(at_once=2)
    answers = [await ask(house.app, HOOK, method="POST", body=b"x", goes_away=True) for _ in range(3)]
    assert [answer.status for answer in answers] == [0, 0, 429]
    assert house.read == 0


def test_every_path_that_is_not_counted_has_a_door_but_that_of_those_who_want_to_leave() -> None:
    doors = guard(GatewayWorld().gateway).doors
    assert set(UNCOUNTED) - set(doors) == {"/u/"}
    assert set(doors) == set(LARGER_BODIES) == {webhooks.PATH, event_gateway.PATH}
