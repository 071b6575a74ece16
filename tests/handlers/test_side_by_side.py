"""Steps side by side: whoever hears of a failure can begin anew, for nothing is under way any more."""

from __future__ import annotations

import asyncio

import pytest

from domain.errors import Conflict, StoreUnavailable
from handlers.side_by_side import side_by_side


async def test_they_are_under_way_together_and_all_are_done_at_the_end() -> None:
    met = asyncio.Barrier(3)

    async def step() -> None:
        await met.wait()

    async with asyncio.timeout(10):
        await side_by_side(step(), step(), step())


async def test_the_first_failure_is_told_once_the_others_have_ended() -> None:
    ended: list[str] = []

    async def fails(error: Exception) -> None:
        raise error

    async def ends() -> None:
        await asyncio.sleep(0)
        ended.append("it")

    with pytest.raises(StoreUnavailable):
        await side_by_side(ends(), fails(StoreUnavailable("away")), fails(Conflict("kept changing")), ends())
    assert ended == ["it", "it"]
