"""The example of a follower, without servers: when it asks for what is missing, and when it asks again."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples/crm_follower.py"


class Taken:
    def __init__(self, number: int, replay: str | None) -> None:
        told = {"stream": "contacts", "number": number, "records": [f"Leads:{number}"]}
        self.body = json.dumps({"type": "campaigns.contact-unsubscribed.v1", "data": told}).encode()
        self.headers = {} if replay is None else {"x-feed-replay": replay}

    async def ack(self) -> None: ...


class Exchange:
    """Who is asked, and keeps the requests."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def get_exchange(self, name: str) -> Exchange:
        return self

    async def publish(self, message: Any, routing_key: str, mandatory: bool) -> None:
        self.asked.append(json.loads(message.body)["data"])


class World:
    def __init__(self, example: ModuleType, file: Path) -> None:
        self.exchange, self.crm = Exchange(), example.Crm(file)
        self.follower = example.Follower(self.crm, self.exchange)

    async def hears(self, *numbers: int, replay: str | None = None) -> None:
        for number in numbers:
            await self.follower.take(Taken(number, replay))

    @property
    def asked(self) -> list[int]:
        return [request["from_number"] for request in self.exchange.asked]


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> World:
    spec = importlib.util.spec_from_file_location("crm_follower", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    return World(example, tmp_path / "crm.json")


async def test_what_is_missing_is_asked_for_once(here: World) -> None:
    await here.hears(1, 1, 4, 5)
    assert (here.asked, here.crm.position) == ([2], {"contacts": 1})
    await here.hears(2, 3, 4, 5, replay=here.exchange.asked[0]["request_id"])
    assert here.crm.position == {"contacts": 5}
    assert set(here.crm.records) == {f"Leads:{n}" for n in range(1, 6)}


async def test_a_replay_of_which_nothing_comes_is_asked_for_again(here: World, clock: list[float]) -> None:
    await here.hears(1, 4)
    clock[0] += 299
    await here.hears(5)
    assert here.asked == [2]
    clock[0] += 2
    await here.hears(6)
    assert here.asked == [2, 2]


async def test_a_replay_that_is_under_way_is_not_asked_for_again(here: World, clock: list[float]) -> None:
    await here.hears(1, 4)
    clock[0] += 299
    await here.hears(2, replay=here.exchange.asked[0]["request_id"])
    clock[0] += 299
    await here.hears(5)
    assert here.asked == [2]


async def test_what_is_kept_no_more_is_not_waited_for(here: World) -> None:
    """A replay begins with the first that is there."""
    await here.hears(1, 9)
    await here.hears(6, 7, 8, 9, replay=here.exchange.asked[0]["request_id"])
    assert (here.asked, here.crm.position) == ([2], {"contacts": 9})
