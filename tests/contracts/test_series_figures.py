"""The numbers of a series, counted by MongoDB: each message, their sum, distinct people (R84)."""

from __future__ import annotations

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.email import EmailState, ServiceStatus
from domain.series_figures import SeriesFigures
from domain.summary import Summary
from repositories.connection import Document
from repositories.stores import Stores
from tests.builders import an_email, an_event, an_outcome

S = EmailState


@pytest.fixture
def stores(mongo_database: AsyncIOMotorDatabase[Document]) -> Stores:
    return Stores.of(mongo_database)


async def test_messages_are_summed_and_people_are_counted_once(stores: Stores) -> None:
    hello = [an_email(name, "w-hello") for name in ("ann@x.example", "bea@x.example")]
    tips = [an_email(name, "w-tips") for name in ("ann@x.example", "cid@x.example")]
    elsewhere = an_email("dan@x.example", "spring")
    await stores.emails.plan([*hello, *tips, elsewhere])
    refused = an_outcome(tips[1], S.HARD_BOUNCED, reason="user_unknown")
    await stores.emails.store([*(an_outcome(row) for row in (*hello, tips[0], elsewhere)), refused])
    opened = [an_event(row, service=ServiceStatus.OPENED) for row in (hello[0], tips[0], elsewhere)]
    await stores.emails.apply(opened)
    found = await stores.series_figures.of(["w-hello", "w-tips"])
    of_hello = Summary(sent=2, delivered=2, opened=1, not_opened=1)
    of_tips = Summary(sent=1, delivered=1, hard_bounced=1, opened=1)
    assert found.messages == {"w-hello": of_hello, "w-tips": of_tips}
    assert found.emails == Summary(sent=3, delivered=3, hard_bounced=1, opened=2, not_opened=1)
    assert found.people == Summary(sent=2, delivered=2, hard_bounced=1, opened=1, not_opened=1)


async def test_a_series_of_which_nothing_was_sent_has_zeros(stores: Stores) -> None:
    assert await stores.series_figures.of(["w-hello"]) == SeriesFigures({"w-hello": Summary()})
