"""Counted by many at about the same time, stored by one write, before anybody is answered."""

from __future__ import annotations

import asyncio

import pytest

from domain.anonymous_visits import AnonymousVisit, VisitCounts
from domain.errors import StoreUnavailable
from handlers.tally import Tally
from tests.fakes.anonymous_visits import MemoryAnonymousVisits

OPEN, CLICK = AnonymousVisit("spring"), AnonymousVisit("spring", 0)


async def test_what_is_counted_at_the_same_time_is_one_write() -> None:
    visits = MemoryAnonymousVisits()
    tally = Tally(visits)
    await asyncio.gather(*(tally.add(OPEN) for _ in range(20)), tally.add(CLICK))
    await tally.add(OPEN)
    assert (await visits.of("spring"), visits.writes) == (VisitCounts(opens=21, clicks=1, links={0: 1}), 2)


async def test_while_one_write_is_under_way_others_wait_for_the_next() -> None:
    class Slow(MemoryAnonymousVisits):
        go = asyncio.Event()

        async def add(self, counts: object) -> None:
            await super().add(counts)  # type: ignore[arg-type] # passed on
            await self.go.wait()

    visits = Slow()
    tally = Tally(visits)
    first = asyncio.create_task(tally.add(OPEN))
    while not visits.writes:
        await asyncio.sleep(0)
    others = [asyncio.create_task(tally.add(OPEN)) for _ in range(5)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert (visits.writes, first.done(), any(each.done() for each in others)) == (1, False, False)
    visits.go.set()
    await asyncio.gather(first, *others)
    assert (visits.writes, visits.counts) == (2, {OPEN: 6})


async def test_what_could_not_be_stored_is_told_to_each_and_the_next_is_tried_anew() -> None:
    visits = MemoryAnonymousVisits()
    tally = Tally(visits)
    visits.is_away = True
    told = await asyncio.gather(tally.add(OPEN), tally.add(OPEN), return_exceptions=True)
    assert [type(each) for each in told] == [StoreUnavailable] * 2
    visits.is_away = False
    await tally.add(OPEN)
    assert visits.counts == {OPEN: 1}
    visits.is_away = True
    with pytest.raises(StoreUnavailable):
        await tally.add(OPEN)
