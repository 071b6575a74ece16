"""One suite over the delivery events in memory and in MongoDB."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from repositories.events import MongoEvents
from tests.builders import a_stored_event, an_email, later
from tests.fakes.events import MemoryEvents

AnyEvents: TypeAlias = MemoryEvents | MongoEvents


@pytest.fixture(params=["memory", "mongo"])
def events(request: pytest.FixtureRequest) -> AnyEvents:
    if request.param == "memory":
        return MemoryEvents()
    return MongoEvents(request.getfixturevalue("mongo_database"))


async def test_an_event_that_is_known_stays_as_it_came_first(events: AnyEvents) -> None:
    first = a_stored_event(evidence={"code": 550, "text": "$x.y"}, url="https://example.com", user_agent="curl")
    await events.add([first])
    await events.add([a_stored_event(event="clicked"), a_stored_event("e2", at=later(-5))])
    assert await events.of_email(an_email().id) == [a_stored_event("e2", at=later(-5)), first]


async def test_an_id_twice_in_one_window_is_one_event(events: AnyEvents) -> None:
    await events.add([a_stored_event(), a_stored_event()])
    assert await events.of_email(an_email().id) == [a_stored_event()]
    assert await events.of_email("nothing") == []
