"""One suite over the suppressions in memory and in MongoDB."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import pytest

from domain.eligibility import SuppressionReason
from domain.lists import Lifted
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


async def test_what_is_taken_back_is_kept_with_who_said_so(suppressions: AnySuppressions) -> None:
    given = a_suppression(reason=SuppressionReason.MANUAL)
    await suppressions.add([given, a_suppression()])
    assert await suppressions.lift(given, at=later(60), because="ticket 7")
    assert await suppressions.lifted(given.contact_id) == [Lifted(given, later(60), "ticket 7")]
    assert await suppressions.of([given.contact_id]) == {given.contact_id: {SuppressionReason.HARD_BOUNCED}}


async def test_the_last_reason_taken_back_leaves_nobody_suppressed(suppressions: AnySuppressions) -> None:
    await suppressions.add([a_suppression()])
    assert await suppressions.lift(a_suppression(), at=later(60), because="wrong address")
    assert not await suppressions.lift(a_suppression(), at=later(61), because="again")
    assert await suppressions.of([a_suppression().contact_id]) == {}
    assert (await suppressions.page(), await suppressions.count()) == ([], 0)


async def test_only_what_was_seen_is_taken_back(suppressions: AnySuppressions) -> None:
    """It came again in the meantime: that is other news."""
    await suppressions.add([a_suppression(at=later(5))])
    assert not await suppressions.lift(a_suppression(), at=later(60), because="x")
    assert await suppressions.lifted(a_suppression().contact_id) == []


async def test_after_it_was_taken_back_it_can_come_again(suppressions: AnySuppressions) -> None:
    await suppressions.add([a_suppression()])
    await suppressions.lift(a_suppression(), at=later(60), because="x")
    again = a_suppression(at=later(90))
    await suppressions.add([again])
    assert await suppressions.details(again.contact_id) == [again]
    assert len(await suppressions.lifted(again.contact_id)) == 1


async def test_all_are_paged_by_contact(suppressions: AnySuppressions) -> None:
    texts = [f"p{number}@example.com" for number in range(5)]
    await suppressions.add([a_suppression(text) for text in texts])
    await suppressions.add([a_suppression(texts[0], reason=SuppressionReason.ERASED)])
    ids = sorted(map(an_id, texts))
    first = await suppressions.page(limit=3)
    rest = await suppressions.page(after=ids[2], limit=3)
    assert list(dict.fromkeys(each.contact_id for each in first)) == ids[:3]
    assert list(dict.fromkeys(each.contact_id for each in rest)) == ids[3:]
    assert (len([*first, *rest]), await suppressions.count()) == (6, 5)
