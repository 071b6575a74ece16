"""One suite over the outcomes of test mails in memory and in MongoDB."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from domain.test_mail import TestOutcome, TestState
from repositories.test_mails import MongoTestMails
from tests.builders import NOW, a_reply, later
from tests.fakes.test_mails import MemoryTestMails

Mails: TypeAlias = MemoryTestMails | MongoTestMails
ANN = TestOutcome("t1", "Ann@example.com", TestState.REFUSED, NOW, a_reply(550, "5.1.1 unknown"))
BOB = TestOutcome("t1", "bob@example.com", TestState.WAITING, NOW, detail="the relay is away")


@pytest.fixture(params=["memory", "mongo"])
def mails(request: pytest.FixtureRequest) -> Mails:
    if request.param == "memory":
        return MemoryTestMails()
    return MongoTestMails(request.getfixturevalue("mongo_database"))


async def test_what_is_saved_is_told_by_address_and_of_other_requests_nothing(mails: Mails) -> None:
    await mails.save([BOB, ANN, TestOutcome("t10", "zoe@example.com", TestState.TAKEN, NOW)])
    assert await mails.of("t1") == [ANN, BOB]
    assert await mails.of("t") == []


async def test_the_last_word_on_an_address_holds(mails: Mails) -> None:
    taken = TestOutcome("t1", "BOB@example.com", TestState.TAKEN, later(5))
    await mails.save([BOB])
    await mails.save([taken])
    assert await mails.of("t1") == [taken]


async def test_saving_nothing_is_possible(mails: Mails) -> None:
    await mails.save([])
    assert await mails.of("t1") == []
