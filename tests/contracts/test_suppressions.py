"""One suite over the suppressions in memory and in MongoDB."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import pytest

from domain.eligibility import SuppressionReason
from repositories.suppressions import MongoSuppressions
from tests.builders import a_suppression, an_id, later
from tests.fakes.suppressions import MemorySuppressions

AnySuppressions: TypeAlias = MemorySuppressions | MongoSuppressions


@pytest.fixture(params=["memory", "mongo"])
def suppressions(request: pytest.FixtureRequest) -> AnySuppressions:
    if request.param == "memory":
        return MemorySuppressions()
    return MongoSuppressions(request.getfixturevalue("mongo_database"))


async def test_only_the_suppressed_are_named_with_all_their_reasons(suppressions: AnySuppressions) -> None:
    both = [a_suppression(reason=reason) for reason in (SuppressionReason.COMPLAINED, SuppressionReason.ERASED)]
    await suppressions.add([*both, a_suppression("bob@example.com")])
    found = await suppressions.of([an_id("ann@example.com"), an_id("eve@example.com")])
    assert found == {an_id("ann@example.com"): {SuppressionReason.COMPLAINED, SuppressionReason.ERASED}}


async def test_a_reason_keeps_its_first_time_and_evidence(suppressions: AnySuppressions) -> None:
    first = a_suppression(evidence="$first")
    await suppressions.add([first])
    await suppressions.add([a_suppression(at=later(5), evidence="second")])
    assert await suppressions.details(an_id("ann@example.com")) == [first]


async def test_reasons_that_come_at_the_same_time_are_all_kept(suppressions: AnySuppressions) -> None:
    await asyncio.gather(*(suppressions.add([a_suppression(reason=reason)]) for reason in SuppressionReason))
    found = await suppressions.of([an_id("ann@example.com")])
    assert found[an_id("ann@example.com")] == set(SuppressionReason)
