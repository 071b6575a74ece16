"""One suite over the leases in memory and in MongoDB."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from repositories.leases import MongoLeases
from tests.fakes.leases import MemoryLeases

LONG_S = 60.0
SHORT_S = 0.05


@dataclass(frozen=True)
class World:
    leases: MemoryLeases | MongoLeases
    until_short_leases_end: Callable[[], Awaitable[None]]


@pytest.fixture(params=["memory", "mongo"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "mongo":
        return World(MongoLeases(request.getfixturevalue("mongo_database")), lambda: asyncio.sleep(2 * SHORT_S))
    leases = MemoryLeases()

    async def passes() -> None:
        leases.pass_time(2 * SHORT_S)

    return World(leases, passes)


async def test_a_lease_has_one_holder_who_may_renew_it(world: World) -> None:
    assert await world.leases.take("scheduler", "a", LONG_S)
    assert not await world.leases.take("scheduler", "b", LONG_S)
    assert await world.leases.take("scheduler", "a", LONG_S)
    assert await world.leases.take("another", "b", LONG_S)


async def test_a_lease_that_ran_out_is_anybodys(world: World) -> None:
    assert await world.leases.take("scheduler", "a", SHORT_S)
    await world.until_short_leases_end()
    assert await world.leases.take("scheduler", "b", LONG_S)
    assert not await world.leases.take("scheduler", "a", LONG_S)


async def test_of_many_at_once_one_gets_it(world: World) -> None:
    taken = await asyncio.gather(*(world.leases.take("scheduler", f"w{n}", LONG_S) for n in range(10)))
    assert taken.count(True) == 1


async def test_whether_one_of_a_kind_is_held_is_known(world: World) -> None:
    await world.leases.take("b", "b", LONG_S)
    assert not await world.leases.any_held("a:")
    await world.leases.take("a:1", "1", LONG_S)
    await world.leases.take("a:2", "2", SHORT_S)
    assert await world.leases.any_held("a:")
    await world.leases.give_back("a:1")
    await world.until_short_leases_end()
    assert not await world.leases.any_held("a:")
    assert await world.leases.take("a:2", "3", LONG_S)
    assert not await world.leases.take("b", "c", LONG_S), "what is named otherwise is left alone"


async def test_once_is_once(world: World) -> None:
    assert await world.leases.once("welcome")
    assert not await world.leases.once("welcome")
    assert await world.leases.once("another")


async def test_what_is_forgotten_can_be_done_once_more(world: World) -> None:
    await world.leases.once("welcome")
    await world.leases.forget("welcome")
    await world.leases.forget("another")
    assert await world.leases.once("welcome")
    assert not await world.leases.once("welcome")
