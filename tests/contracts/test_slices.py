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
TIME_TO_RENEW_S = 2.0  #: enough for one call on a busy machine


@dataclass(frozen=True)
class World:
    slices: MemorySlices | MongoSlices
    passing: Callable[[float], Awaitable[None]]

    async def until_short_leases_end(self) -> None:
        await self.passing(2 * SHORT_S)


@pytest.fixture(params=["memory", "mongo"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "mongo":
        return World(MongoSlices(request.getfixturevalue("mongo_database")), asyncio.sleep)
    slices = MemorySlices()

    async def passes(seconds: float) -> None:
        slices.pass_time(seconds)

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


async def test_what_is_given_up_is_no_longer_its_owners_and_still_abandoned(world: World) -> None:
    """A crash between this and the doubts leaves it to the next one who looks."""
    late = await started_and_silent(world)
    taken = await world.slices.give_up(late)
    assert taken is not None
    assert (taken.state, taken.owner, taken.epoch) == (SliceState.STARTED, "a", 2)
    await world.slices.release(late)
    await world.slices.finish(late)
    await world.slices.close(late)
    assert not await world.slices.renew(late, LONG_S)
    assert await world.slices.abandoned("spring") == [taken]
    await world.slices.close(taken)
    assert await state(world) is SliceState.DONE


async def test_one_of_two_gives_a_slice_up_and_nobody_one_that_was_given_back(world: World) -> None:
    late = await started_and_silent(world)
    assert await world.slices.give_up(late) is not None
    assert await world.slices.give_up(late) is None


async def test_an_owner_that_wakes_first_gives_its_slice_back(world: World) -> None:
    late = await started_and_silent(world)
    await world.slices.release(late)
    assert await world.slices.give_up(late) is None
    assert await state(world) is SliceState.PLANNED


async def test_a_slice_with_a_live_lease_is_not_given_up(world: World) -> None:
    held = await claimed(world)
    await world.slices.start(held, LONG_S)
    assert await world.slices.give_up(held) is None


async def started_and_silent(world: World) -> Slice:
    held = await claimed(world, lease_s=LONG_S)
    await world.slices.start(held, SHORT_S)
    await world.until_short_leases_end()
    return held


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


async def test_a_slice_begun_in_part_says_how_far_and_is_planned_again_when_its_dead_owner_is_closed(
    world: World,
) -> None:
    held = await claimed(world)
    assert await world.slices.start(held, LONG_S, through="spring:a:0")
    assert await world.slices.start(held, SHORT_S, through="spring:b:0")
    await world.until_short_leases_end()
    [dead] = await world.slices.abandoned("spring")
    assert dead.started_through == "spring:b:0"
    taken = await world.slices.give_up(dead)
    assert taken is not None
    assert taken.started_through == "spring:b:0"
    await world.slices.close(dead)
    assert await state(world) is SliceState.STARTED
    await world.slices.close(taken)
    [free] = await world.slices.unfinished("spring")
    assert (free.state, free.owner, free.started_through) == (SliceState.PLANNED, None, None)
    assert not await world.slices.start(held, LONG_S, through="spring:c:0")


async def test_a_slice_that_was_given_back_or_claimed_anew_has_begun_nothing(world: World) -> None:
    held = await claimed(world)
    await world.slices.start(held, LONG_S, through="$a:0")
    await world.slices.release(held)
    verdict, again = await world.slices.claim("spring", 0, "b", LONG_S)
    assert (verdict, again.started_through) == (Claim.MINE, None)


async def test_a_live_slice_cannot_be_closed(world: World) -> None:
    held = await claimed(world)
    await world.slices.start(held, LONG_S)
    await world.slices.close(held)
    assert await state(world) is SliceState.STARTED
    assert await world.slices.abandoned("spring") == []


async def test_renewing_keeps_a_slice(world: World) -> None:
    held = await claimed(world, lease_s=TIME_TO_RENEW_S)
    assert await world.slices.renew(held, LONG_S)
    await world.passing(1.1 * TIME_TO_RENEW_S)
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


async def done(world: World, *numbers: int) -> None:
    for number in numbers:
        _, held = await world.slices.claim("spring", number, "a", LONG_S)
        await world.slices.finish(held)


async def test_chains_stand_at_their_first_unfinished_slice_and_later_tries_by_themselves(world: World) -> None:
    await world.slices.plan("spring", range(12))  # 10 in 3 chains, 2 of later tries
    await world.slices.plan("other", range(12))
    await done(world, 0, 3, 1, 2, 5, 8)
    await world.slices.claim("spring", 4, "b", LONG_S)
    found = await world.slices.heads("spring", 10, 3)
    assert [(each.number, each.state) for each in found] == [
        (4, SliceState.CLAIMED), (6, SliceState.PLANNED), (10, SliceState.PLANNED), (11, SliceState.PLANNED)
    ]  # fmt: skip
    assert await world.slices.heads("nowhere", 10, 3) == []


async def test_unfinished_slices_are_counted_from_a_number_on_up_to_as_many_as_matter(world: World) -> None:
    await world.slices.plan("spring", range(8))
    await done(world, 6)
    await world.slices.claim("spring", 7, "b", LONG_S)
    assert await world.slices.unfinished_from("spring", 5, most=9) == 2
    assert await world.slices.unfinished_from("spring", 0, most=1) == 1
    assert await world.slices.unfinished_from("spring", 8, most=1) == 0


async def test_held_slices_are_those_of_the_living_and_of_the_dead(world: World) -> None:
    await world.slices.plan("spring", range(3))
    await world.slices.claim("spring", 0, "dead", SHORT_S)
    _, live = await world.slices.claim("spring", 1, "b", LONG_S)
    await world.slices.start(live, LONG_S)
    await world.until_short_leases_end()
    assert [each.number for each in await world.slices.held("spring")] == [0, 1]
