"""The event gateway: who may publish what, what is refused and why, and that 202 means confirmed (issue 8, 3)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter
from starlette.applications import Starlette

from domain.api_token import ALL, ApiToken, new_token, token_id
from domain.errors import StoreUnavailable
from messages.catalog import INCOMING
from messages.record_changed import RecordChanged
from tests.fakes.tokens import MemoryApiTokens
from tests.web.asking import Answer, ask
from tests.web.payloads import NOW
from tests.web.webhook_world import MemoryPublishing
from web.allowance import Allowance
from web.app import WebOptions
from web.bearer import REMEMBERED_S, Bearers
from web.event_gateway import MOST_BYTES, PATH, EventGateway, routes
from web.flood import Flood
from web.ports import Told
from web.visitors import Visitors
from web.whole_body import WholeBody

ONE = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json; charset=utf-8"}


def an_event(id_: str = "1", **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "campaigns.record-changed.v1",
        "source": "/crm",
        "id": id_,
        "time": NOW.isoformat(),
        "data": a_change(),
        **changes,
    }


def a_change(**changes: Any) -> dict[str, Any]:
    told = {"module": "Leads", "record_id": "7", "operation": "update", "fields": {"Email": "ann@example.com"}}
    return {**told, "changed_at": NOW.isoformat(), **changes}


class GatewayWorld:
    def __init__(self, *, per_s: float = 10, at_once: int = 1_000) -> None:
        self.publishing, self.tokens = MemoryPublishing(), MemoryApiTokens()
        self.monotonic_s = 100.0
        self.secret = self.add("record-changed", "delivery-event")
        clock = self._clock
        self.gateway = EventGateway(
            bearers=Bearers(self.tokens, Flood(1, 5, clock), clock),
            allowance=Allowance(per_s, at_once, clock),
            publisher=self.publishing,
            counted=Counter("gateway", "of a test", ["outcome"], registry=CollectorRegistry()),
            now=lambda: NOW,
            most_events=200,
        )
        self.app = Starlette(routes=routes(self.gateway))

    def add(self, *scopes: str) -> str:
        made = len(self.tokens.stored)
        token, text = new_token("crm", frozenset(scopes), NOW, lambda count: bytes([made + 1]) * count)
        self.tokens.stored[token.id] = token
        return text

    async def post(self, told: object, headers: dict[str, str] | None = None, secret: str | None = None) -> Answer:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        kind = headers or (BATCH if isinstance(told, list) else ONE)
        given = {"authorization": f"Bearer {secret or self.secret}", **kind}
        return await ask(self.app, PATH, method="POST", body=body, headers=given)

    def _clock(self) -> float:
        return self.monotonic_s


async def test_one_event_is_published_as_it_was_said_before_the_answer() -> None:
    world = GatewayWorld()
    event = an_event(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", correlationid="c")
    answer = await world.post(event)
    assert (answer.status, json.loads(answer.text)) == (202, {"accepted": 1, "ids": ["1"]})
    [told] = world.publishing.told
    assert (told.source, told.id, told.time) == ("/crm", "1", NOW)
    assert (told.traceparent, told.correlation_id) == (event["traceparent"], "c")
    assert isinstance(told.message, RecordChanged)
    assert told.message.record_id == "7"


async def test_a_batch_is_published_as_a_whole_and_a_repeat_in_it_once() -> None:
    world = GatewayWorld()
    answer = await world.post([an_event("1"), an_event("2"), an_event("1"), an_event("1", source="/shop")])
    assert json.loads(answer.text) == {"accepted": 3, "ids": ["1", "2", "1"]}
    assert json.loads((await world.post([])).text) == {"accepted": 0, "ids": []}


async def test_a_repeated_event_goes_along_under_the_same_identity() -> None:
    world = GatewayWorld()
    for _ in range(2):
        assert (await world.post(an_event())).status == 202
    first, second = world.publishing.told
    assert first == second


async def test_whose_token_it_is_is_noted_before_anything_is_published() -> None:
    world, noted = GatewayWorld(), list[tuple[str, int, int]]()

    async def note(token: ApiToken, told: Sequence[Told]) -> None:
        noted.append((token.name, len(told), len(world.publishing.told)))

    world.app = Starlette(routes=routes(replace(world.gateway, note=note)))
    await world.post([an_event("1"), an_event("2")])
    assert noted == [("crm", 2, 0)]


async def test_in_binary_mode_the_attributes_are_headers() -> None:
    world = GatewayWorld()
    headers = {"ce-specversion": "1.0", "ce-type": "campaigns.record-changed.v1", "ce-source": "/crm%20one"}
    answer = await world.post(a_change(), {"content-type": "application/json", "ce-id": "9", **headers})
    assert answer.status == 202, answer.text
    [told] = world.publishing.told
    assert (told.id, told.source, told.time) == ("9", "/crm one", NOW)


async def test_in_binary_mode_an_attribute_that_is_no_utf_8_is_refused() -> None:
    """Two ids that cannot be read would be the same one, and the second event dropped as known."""
    world = GatewayWorld()
    headers = {"ce-specversion": "1.0", "ce-type": "campaigns.record-changed.v1", "ce-source": "/crm", "ce-id": "%ff"}
    answer = await world.post(a_change(), {"content-type": "application/json", **headers})
    assert (answer.status, world.publishing.told) == (400, [])


async def test_every_message_type_that_comes_in_may_be_published_by_who_has_the_scope() -> None:
    world = GatewayWorld()
    everything = world.add(ALL)
    for queue in INCOMING:
        answer = await world.post(an_event(type=f"campaigns.{queue}.v1", data={}), secret=everything)
        fields = {each["field"] for each in json.loads(answer.text).get("errors", ())}
        assert answer.status == 422, queue
        assert all(field.startswith("data") for field in fields), "the type is known and allowed"


async def test_a_token_publishes_nothing_beyond_its_scopes() -> None:
    world = GatewayWorld()
    campaign = {"campaign_id": "spring", "confirmed_by": "us"}
    answer = await world.post([an_event("1"), an_event("2", type="campaigns.send-requested.v1", data=campaign)])
    assert (answer.status, json.loads(answer.text)["detail"]) == (403, "this token may not publish send-requested")
    assert world.publishing.told == []


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer cgw_000000000000_" + "A" * 43])
async def test_who_shows_no_token_that_counts_is_refused(shown: str) -> None:
    world = GatewayWorld()
    answer = await ask(world.app, PATH, method="POST", body=b"[]", headers={"authorization": shown, **BATCH})
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_one_changed_character_of_a_token_makes_it_worthless() -> None:
    world = GatewayWorld()
    for place in range(len(world.secret) - 43, len(world.secret), 14):
        altered = f"{world.secret[:place]}-{world.secret[place + 1 :]}"
        assert (await world.post(an_event(), secret=altered)).status == 401


async def test_a_revoked_token_is_forgotten_within_seconds_and_known_ones_need_no_store() -> None:
    world = GatewayWorld()
    for _ in range(20):
        assert (await world.post(an_event())).status == 202
    assert world.tokens.looks == 1
    await world.tokens.revoke(token_id(world.secret) or "", NOW)
    world.monotonic_s += REMEMBERED_S
    assert (await world.post(an_event())).status == 401


async def test_many_requests_at_once_ask_for_a_token_once() -> None:
    """Also when it has been forgotten: none of them is taken for somebody who tries tokens."""
    world = GatewayWorld()
    for looks in (1, 2):
        answers = await asyncio.gather(*[world.post(an_event(str(number))) for number in range(50)])
        assert {answer.status for answer in answers} == {202}
        assert world.tokens.looks == looks
        world.monotonic_s += REMEMBERED_S


async def test_who_tries_one_token_after_the_other_has_to_wait() -> None:
    world = GatewayWorld()
    guesses = [f"cgw_{number:012x}_{'A' * 43}" for number in range(6)]
    answers = [await world.post(an_event(), secret=guess) for guess in guesses]
    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "60"
    assert world.tokens.looks == 5


async def test_who_tries_tokens_from_all_over_an_ipv6_network_has_to_wait() -> None:
    world = GatewayWorld()

    async def status(number: int) -> int:
        headers = {"authorization": f"Bearer cgw_{number:012x}_{'A' * 43}", **ONE}
        app = Visitors(world.app, Flood(1, 1, lambda: 0.0), (), frozenset())
        return (await ask(app, PATH, method="POST", headers=headers, client=f"2001:db8:1:2::{number}")).status

    assert [await status(number) for number in range(1, 8)] == [401] * 5 + [429] * 2


async def test_a_token_that_publishes_too_much_is_told_when_to_go_on() -> None:
    world = GatewayWorld(per_s=10, at_once=100)
    batch = [an_event(str(number)) for number in range(100)]
    assert (await world.post(batch)).status == 202
    answer = await world.post(batch[:25])
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")
    assert (await world.post(batch[:25], secret=world.add(ALL))).status == 202, "others are not held up"
    world.monotonic_s += 2.5
    assert (await world.post(batch[:25])).status == 202
    assert len(world.publishing.told) == 150


async def test_while_the_broker_or_the_store_is_away_the_event_is_to_be_sent_again() -> None:
    world = GatewayWorld()
    world.publishing.is_away = True
    answer = await world.post(an_event())
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    world.publishing.is_away = False

    async def away(token_id: str) -> ApiToken | None:
        raise StoreUnavailable("no primary")

    world.tokens.find = away  # type: ignore[method-assign]
    assert (await world.post(an_event())).status == 202, "the token is remembered"
    assert (await world.post(an_event(), secret=world.add(ALL))).status == 503


async def errors(world: GatewayWorld, told: object) -> list[tuple[int, str, str]]:
    answer = await world.post(told)
    assert answer.status == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert world.publishing.told == []
    return [(each["index"], each["field"], each["reason"]) for each in json.loads(answer.text)["errors"]]


async def test_every_wrong_field_of_every_event_is_named_and_nothing_is_published() -> None:
    broken = an_event("2", data=a_change(record_id="", operation="burn"))
    found = await errors(GatewayWorld(), [an_event("1"), broken, {"specversion": "1.0"}, 7])
    assert [(index, field) for index, field, _ in found] == [
        (1, "data.record_id"),
        (1, "data.operation"),
        *[(2, name) for name in ("id", "source", "type", "data")],
        (3, ""),
    ]
    assert "burn" not in str(found), "values may be personal data"


ODD: dict[str, tuple[dict[str, Any], str]] = {
    "a type of ours that goes out": (an_event(type="campaigns.message-refused.v1"), "type"),
    "an unknown type": (an_event(type="com.example.x"), "type"),
    "CloudEvents 0.3": (an_event(specversion="0.3"), "specversion"),
    "an empty id": (an_event(""), "id"),
    "no time zone": (an_event(time="2026-03-02T09:00:00"), "time"),
    "from the future": (an_event(data=a_change(changed_at=(NOW + timedelta(days=3)).isoformat())), "changed_at"),
    "data as base64": ({**an_event(), "data": None, "data_base64": "e30="}, "data"),
    "a time that the scheduler saw come": (
        an_event(type="campaigns.send-requested.v1", data={"campaign_id": "spring", "due": NOW.isoformat()}),
        "data.due",
    ),
    "work that we cut up": (
        an_event(type="campaigns.sync-requested.v1", data={"sync_id": "leads", "run_id": "r", "slice": 1}),
        "data.run_id",
    ),
}


@pytest.mark.parametrize("what", ODD)
async def test_what_cannot_be_handled_is_refused_at_the_door(what: str) -> None:
    event, field = ODD[what]
    [(_, named, _), *_] = await errors(GatewayWorld(), event)
    assert named == field


async def test_an_identity_twice_in_a_batch_has_to_say_the_same() -> None:
    found = await errors(GatewayWorld(), [an_event("1"), an_event("1", data=a_change(record_id="8"))])
    assert [each[:2] for each in found] == [(1, "id")]


@pytest.mark.parametrize("name", ["id", "source"])
@pytest.mark.parametrize("odd", ["\0", "\n", "\x85"])
async def test_an_identity_has_no_control_characters(name: str, odd: str) -> None:
    found = await errors(GatewayWorld(), [an_event("1") | {name: f"urn:a{odd}b"}])
    assert found == [(0, name, "has a control character")]


async def test_an_event_of_more_than_a_mebibyte_is_refused_wherever_it_stands() -> None:
    large = an_event("2", data=a_change(fields={"Note": "x" * 1024 * 1024}))
    assert (await errors(GatewayWorld(), [an_event("1"), large]))[0][:2] == (1, "")
    assert (await errors(GatewayWorld(), large))[0][:2] == (0, "")


BAD: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<event/>",
    "deep": b"[" * 100_000,
    "deep inside": json.dumps(an_event()).encode().replace(b'"ann@example.com"', b"[" * 150 + b"]" * 150),
    "twice": b'{"specversion": "1.0", "id": "1", "id": "2"}',
    "twice inside": b'{"data": {"fields": {"Email": "a", "Email": "b"}}}',
    "Infinity": b'{"data": Infinity}',
    "half a character": b'{"id": "\\udc00"}',
    "no UTF-8": b'{"id": "\xff"}',
    "a number of 5,000 digits": b"9" * 5000,
}


@pytest.mark.parametrize("what", BAD)
async def test_a_body_that_two_readers_would_read_differently_is_refused(what: str) -> None:
    world = GatewayWorld()
    for headers in (ONE, BATCH):
        assert (await world.post(BAD[what], headers)).status == 400
    assert (await world.post(b"{}", BATCH)).status == 400, "a batch is a list"


async def test_a_number_that_is_too_long_is_refused_in_words_of_ours() -> None:
    answer = await GatewayWorld().post(b"9" * 5000, ONE)
    assert json.loads(answer.text)["detail"] == "body: a number is too large"


async def test_other_content_types_sizes_and_methods_are_refused() -> None:
    world = GatewayWorld()
    assert (await world.post(a_change(), {"content-type": "application/json"})).status == 415
    assert (await world.post(b"a=b", {"content-type": "text/plain"})).status == 415
    assert (await world.post([an_event()] * 201)).status == 413
    assert (await ask(world.app, PATH)).status == 405


@pytest.mark.parametrize("is_said", [True, False])
async def test_a_body_of_a_hundred_megabytes_is_not_read(is_said: bool) -> None:
    """The application's limits stand before every route; what a batch may have is the gateway's own."""
    world = GatewayWorld()
    piece = b" " * 1024 * 1024
    said = {"content-length": str(100 * len(piece))} if is_said else {}
    app = WholeBody(world.app, WebOptions().max_body_bytes, {PATH: MOST_BYTES}, 10)
    headers = {"authorization": f"Bearer {world.secret}", **ONE, **said}
    assert (await ask(app, PATH, method="POST", body=[piece] * 100, headers=headers)).status == 413
    assert world.publishing.told == []
