"""One suite over the visits without names in memory and in MongoDB."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from domain.anonymous_visits import AnonymousVisit, VisitCounts
from repositories.anonymous_visits import MongoAnonymousVisits
from tests.fakes.anonymous_visits import MemoryAnonymousVisits

AnyVisits: TypeAlias = MemoryAnonymousVisits | MongoAnonymousVisits
OPEN, MACHINE = AnonymousVisit("spring"), AnonymousVisit("spring", None, by_machine=True)


@pytest.fixture(params=["memory", "mongo"])
def visits(request: pytest.FixtureRequest) -> AnyVisits:
    if request.param == "memory":
        return MemoryAnonymousVisits()
    return MongoAnonymousVisits(request.getfixturevalue("mongo_database"))


async def test_visits_add_up_for_each_campaign_and_machines_apart(visits: AnyVisits) -> None:
    await visits.add({OPEN: 2, MACHINE: 1, AnonymousVisit("autumn", 3): 1})
    await visits.add({OPEN: 1, AnonymousVisit("spring", 1): 4, AnonymousVisit("spring", 12): 1})
    await visits.add({AnonymousVisit("spring", 1, by_machine=True): 7})
    assert await visits.of("spring") == VisitCounts(3, 5, 1, 7, {1: 4, 12: 1})
    assert await visits.of("autumn") == VisitCounts(0, 1, 0, 0, {3: 1})


async def test_of_what_nobody_opened_there_is_nothing(visits: AnyVisits) -> None:
    await visits.add({})
    assert not await visits.of("spring")
    assert await visits.of("spring") == VisitCounts()
