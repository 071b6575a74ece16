"""One suite over the delivery events in memory and in MongoDB."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from domain.email import EmailState
from domain.events import Overruled
from domain.ruling import Ruling
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


HARD = Ruling(EmailState.HARD_BOUNCED, "user_unknown", "text:no-such-user", dead=True)
SOFT = Ruling(EmailState.SOFT_BOUNCED, None, "none")


@pytest.mark.parametrize("ruling", [None, SOFT, HARD])
async def test_a_bounce_keeps_what_was_ruled_on_it_and_who_is_no_person_is_told_apart(
    events: AnyEvents, ruling: Ruling | None
) -> None:
    told = [a_stored_event("b", event="bounced", ruling=ruling), a_stored_event("m", at=later(1), by_machine=True)]
    await events.add(told)
    assert await events.of_emails([an_email().id, "nothing"]) == told


@pytest.mark.parametrize("was", [None, SOFT])
async def test_another_verdict_takes_the_place_of_the_one_that_was_seen(events: AnyEvents, was: Ruling | None) -> None:
    await events.add([a_stored_event(event="bounced", ruling=was)])
    news = [Overruled("e1", was, HARD, later(9)), Overruled("unknown", was, HARD, later(9))]
    for _ in range(2):  # a repeat finds another one there
        await events.overrule(news)
        [stored] = await events.of_email(an_email().id)
        assert stored.ruling == HARD


async def test_emails_that_bounced_are_named_once_in_order(events: AnyEvents) -> None:
    people = sorted(an_email(f"p{n}@example.com").id for n in range(3))
    bounces = [
        a_stored_event(f"{n}-{at}", email_id=email, event="bounced", at=later(at))
        for n, email in enumerate(people)
        for at in (n, n + 1)
    ]
    other = a_stored_event("o", email_id=an_email(campaign_id="springtime").id, event="bounced")
    await events.add([*reversed(bounces), other, a_stored_event("x", event="opened", at=later(9))])
    assert [email async for email in events.bounced("spring")] == people
    assert [email async for email in events.bounced("spring", later(2))] == people[1:]


async def test_of_many_told_at_once_those_that_are_known_stay_and_the_others_come(events: AnyEvents) -> None:
    known = [a_stored_event(f"k{number}", at=later(number)) for number in range(0, 240, 2)]
    await events.add(known)
    told = [a_stored_event(f"k{number}", event="clicked", at=later(number)) for number in range(240)]
    await events.add([*told, *told])
    found = await events.of_email(an_email().id)
    assert [event.id for event in found] == [event.id for event in told]
    assert [event for event in found if event.event != "clicked"] == known


async def test_ids_that_are_stored_are_known(events: AnyEvents) -> None:
    await events.add([a_stored_event("e1"), a_stored_event("e2")])
    assert await events.known(["e1", "e2", "e3"]) == {"e1", "e2"}
    assert await events.known([]) == frozenset()
