"""One suite over the slices in memory and in MongoDB: who may send, and who no longer may."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from domain.errors import UnknownCampaign
from domain.slices import Claim, Slice, SliceState
from repositories.slices import MongoSlices
from tests.fakes.slices import MemorySlices

LONG_S = 60.0
SHORT_S = 0.05


@dataclass(frozen=True)
class World:
    slices: MemorySlices | MongoSlices
    until_short_leases_end: Callable[[], Awaitable[None]]


@pytest.fixture(params=["memory", "mongo"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "mongo":
        return World(MongoSlices(request.getfixturevalue("mongo_database")), lambda: asyncio.sleep(2 * SHORT_S))
    slices = MemorySlices()

    async def passes() -> None:
        slices.pass_time(2 * SHORT_S)

    return World(slices, passes)


async def claimed(world: World, owner: str = "a", lease_s: float = LONG_S) -> Slice:
    await world.slices.plan("spring", [0])
    verdict, held = await world.slices.claim("spring", 0, owner, lease_s)
    assert verdict is Claim.MINE
    return held


async def state(world: World) -> SliceState:
    found = await world.slices.holding("spring", 0)
    assert found is not None
    return found.state


async def test_a_free_slice_is_claimed_by_one(world: World) -> None:
    held = await claimed(world)
    assert held == Slice("spring", 0, SliceState.CLAIMED, "a", 1)
    verdict, other = await world.slices.claim("spring", 0, "b", LONG_S)
    assert (verdict, other.owner) == (Claim.HELD, "a")


async def test_planning_again_changes_nothing(world: World) -> None:
    held = await claimed(world)
    await world.slices.plan("spring", [0, 1])
    assert await world.slices.unfinished("spring") == [held, Slice("spring", 1)]


async def test_a_slice_that_was_never_planned_is_unknown(world: World) -> None:
    with pytest.raises(UnknownCampaign, match="spring"):
        await world.slices.claim("spring", 0, "a", LONG_S)


async def test_an_owner_claims_its_own_slice_anew(world: World) -> None:
    first = await claimed(world)
    verdict, second = await world.slices.claim("spring", 0, "a", LONG_S)
    assert (verdict, second.epoch) == (Claim.MINE, 2)
    assert not await world.slices.start(first, LONG_S)
    assert await world.slices.start(second, LONG_S)


async def test_a_started_slice_is_held_even_from_its_owner(world: World) -> None:
    await world.slices.start(await claimed(world), LONG_S)
    verdict, _ = await world.slices.claim("spring", 0, "a", LONG_S)
    assert verdict is Claim.HELD


async def test_a_claim_whose_lease_ran_out_is_anybodys(world: World) -> None:
    late = await claimed(world, lease_s=SHORT_S)
    await world.until_short_leases_end()
    assert await world.slices.abandoned("spring") == [late]
    verdict, held = await world.slices.claim("spring", 0, "b", LONG_S)
    assert (verdict, held.owner, held.epoch) == (Claim.MINE, "b", 2)
    assert not await world.slices.start(late, LONG_S)
    assert not await world.slices.renew(late, LONG_S)


async def test_nothing_is_sent_on_a_lease_that_ran_out(world: World) -> None:
    late = await claimed(world, lease_s=SHORT_S)
    await world.until_short_leases_end()
    assert not await world.slices.start(late, LONG_S)
    assert not await world.slices.renew(late, LONG_S)


async def test_a_started_slice_of_a_dead_owner_is_abandoned_until_it_is_closed(world: World) -> None:
    await world.slices.start(await claimed(world), SHORT_S)
    await world.until_short_leases_end()
    verdict, dead = await world.slices.claim("spring", 0, "b", LONG_S)
    assert (verdict, dead.state) == (Claim.ABANDONED, SliceState.STARTED)
    assert await world.slices.abandoned("spring") == [dead]
    await world.slices.close(dead)
    assert await state(world) is SliceState.DONE
    assert await world.slices.abandoned("spring") == []


async def test_a_live_slice_cannot_be_closed(world: World) -> None:
    held = await claimed(world)
    await world.slices.start(held, LONG_S)
    await world.slices.close(held)
    assert await state(world) is SliceState.STARTED
    assert await world.slices.abandoned("spring") == []


async def test_renewing_keeps_a_slice(world: World) -> None:
    held = await claimed(world, lease_s=SHORT_S)
    assert await world.slices.renew(held, LONG_S)
    await world.until_short_leases_end()
    assert await world.slices.abandoned("spring") == []
    assert await world.slices.start(held, LONG_S)


async def test_a_released_slice_is_free_at_once(world: World) -> None:
    held = await claimed(world)
    await world.slices.start(held, LONG_S)
    await world.slices.release(held)
    assert await state(world) is SliceState.PLANNED
    verdict, _ = await world.slices.claim("spring", 0, "b", LONG_S)
    assert verdict is Claim.MINE


async def test_a_finished_slice_is_done_for_all(world: World) -> None:
    held = await claimed(world)
    await world.slices.start(held, LONG_S)
    await world.slices.finish(held)
    verdict, _ = await world.slices.claim("spring", 0, "a", LONG_S)
    assert verdict is Claim.DONE
    assert await world.slices.unfinished("spring") == []


async def test_a_late_owner_neither_finishes_nor_releases(world: World) -> None:
    late = await claimed(world, lease_s=SHORT_S)
    await world.until_short_leases_end()
    await world.slices.claim("spring", 0, "b", LONG_S)
    await world.slices.finish(late)
    await world.slices.release(late)
    assert await state(world) is SliceState.CLAIMED


async def test_slices_carry_the_time_of_their_last_move(world: World) -> None:
    held = await claimed(world)
    assert held.moved_at is not None
    await world.until_short_leases_end()
    await world.slices.start(held, LONG_S)
    [started] = await world.slices.unfinished("spring")
    assert started.moved_at is not None
    assert started.moved_at > held.moved_at


async def test_of_many_workers_at_once_one_claims(world: World) -> None:
    await world.slices.plan("spring", [0])
    claims = await asyncio.gather(*(world.slices.claim("spring", 0, f"w{n}", LONG_S) for n in range(10)))
    assert sorted(verdict for verdict, _ in claims) == [*[Claim.HELD] * 9, Claim.MINE]


async def test_a_claim_that_ran_out_is_taken_over_by_one(world: World) -> None:
    await claimed(world, lease_s=SHORT_S)
    await world.until_short_leases_end()
    claims = await asyncio.gather(*(world.slices.claim("spring", 0, f"w{n}", LONG_S) for n in range(10)))
    assert [verdict for verdict, _ in claims].count(Claim.MINE) == 1
