"""One suite over the throttles in memory and in MongoDB; what a limit of 50 a second comes to, on the real clock."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from domain.connection_shares import ConnectionAsk
from domain.throttle import HORIZON_S, Ask, Grant, Limits, Standing, Taker
from domain.warm_up import CAPS, DAY_MS, DayGrant, WarmUp
from repositories.throttles import MongoThrottles
from tests.fakes.throttles import MemoryThrottles

NAME = "group:google"
START_MS = 1_772_442_000_000.0
FIFTY = Limits(per_s=50)


class FixedMongo(MongoThrottles):
    def __init__(self, database: AsyncIOMotorDatabase[dict[str, object]]) -> None:
        super().__init__(database, START_MS)

    def pass_time(self, seconds: float) -> None:
        self._now_ms += 1000 * seconds


@dataclass(frozen=True)
class World:
    throttles: MemoryThrottles | FixedMongo

    async def take(self, wanted: int, worker: str = "a", limits: Limits = FIFTY, **told: float) -> Grant:
        return await self.throttles.take(Ask(NAME, worker, wanted, limits, **told))  # type: ignore[arg-type]

    async def standing(self) -> Standing:
        [found] = await self.throttles.all()
        return found


@pytest.fixture(params=["memory", "mongo"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "mongo":
        return World(FixedMongo(request.getfixturevalue("mongo_database")))
    return World(MemoryThrottles(now_ms=START_MS))


async def test_what_has_no_limit_is_free(world: World) -> None:
    assert await world.take(700, limits=Limits()) == Grant(700, free=True)


async def test_moments_are_given_away_once_and_not_far_ahead(world: World) -> None:
    assert await world.take(40) == Grant(40, 0, 0.02, parts=(1,))
    assert await world.take(40, "b") == Grant(23, 0.8, 0.02, workers=2, parts=(1,))  # until 1.25 s ahead
    assert await world.take(40, "c") == Grant(0, 1.26, 0.02, workers=3, parts=(0.5,))


async def test_who_asks_late_gets_what_is_left_of_time_not_what_went_by(world: World) -> None:
    await world.take(10)
    world.throttles.pass_time(60)
    assert await world.take(100) == Grant(63, 0, 0.02, parts=(1,))


async def test_workers_that_want_all_get_equal_parts(world: World) -> None:
    got: list[int] = []
    for _ in range(20):
        for worker in "abcd":
            got.append((await world.take(100, worker)).permits)
            world.throttles.pass_time(0.25)
    sums = [sum(got[place::4][10:]) for place in range(4)]
    assert sum(sums) == 500
    assert max(sums) - min(sums) <= 10  # there are no half permits: one more or less in a second


async def test_what_one_worker_leaves_others_may_take(world: World) -> None:
    for _ in range(10):
        greedy = await world.take(100, "greedy")
        world.throttles.pass_time(0.5)
        await world.take(5, "modest")
        world.throttles.pass_time(0.5)
    assert greedy.permits == 45


async def test_a_server_that_asks_to_slow_down_pauses_and_halves(world: World) -> None:
    """30 s, and half of what was sent."""
    told = await world.take(10, limits=Limits(), used_per_s=80, slow=3)
    assert told == Grant(0, pause_s=30)
    assert await world.throttles.limited() == {NAME}
    again = await world.take(10, "b", limits=Limits(), used_per_s=80, slow=2)
    assert again.pause_s == 30  # those were on their way
    assert (await world.standing()).rate == 40


async def test_after_a_pause_one_mail_goes_ahead(world: World) -> None:
    await world.take(0, slow=1, used_per_s=80)
    world.throttles.pass_time(31)
    assert (await world.take(10)).permits == 1
    assert (await world.take(10)).permits == 0
    world.throttles.pass_time(5)
    assert (await world.take(10, good=1)).permits == 10
    assert (await world.standing()).rate == 25


async def test_a_hundred_mails_taken_make_it_one_faster_until_the_limit(world: World) -> None:
    await world.take(0, slow=1)
    world.throttles.pass_time(31)
    await world.take(0, good=250)
    assert (await world.standing()).rate == 27
    await world.take(0, good=50)
    assert (await world.standing()).rate == 28
    await world.take(0, good=2_200)
    assert (await world.standing()).rate is None
    assert await world.throttles.limited() == frozenset()


async def test_pauses_double(world: World) -> None:
    pauses = []
    for _ in range(8):
        told = await world.take(0, slow=1)
        pauses.append(told.pause_s)
        world.throttles.pass_time(told.pause_s)
    assert pauses == [30, 60, 120, 240, 480, 960, 1800, 1800]


async def test_an_override_stands_above_the_settings_until_it_is_taken_back(world: World) -> None:
    await world.throttles.override(NAME, Limits(per_s=1))
    assert (await world.standing()).override == Limits(per_s=1)
    assert (await world.take(10)).permits == 2  # now and in a second
    assert await world.throttles.limited() == {NAME}
    await world.throttles.override(NAME, None)
    assert (await world.take(10)).gap_s == 0.02
    assert await world.throttles.limited() == frozenset()


async def test_recovering_by_hand_ends_a_pause(world: World) -> None:
    await world.take(0, slow=1)
    await world.throttles.recover(NAME)
    assert await world.throttles.limited() == frozenset()
    assert (await world.take(10)).permits == 10
    await world.throttles.recover("group:never-heard-of")


async def test_recovering_what_nobody_knows_makes_nothing(world: World) -> None:
    await world.throttles.recover(NAME)
    assert await world.throttles.all() == []


async def test_a_domain_warms_up_day_by_day(world: World) -> None:
    warm_up = world.throttles.warm_up
    assert await warm_up("green.example", 40, CAPS) == DayGrant(40)
    rest = await warm_up("green.example", 40, CAPS)
    assert rest.permits == 10
    assert 0 < rest.wait_s <= DAY_MS / 1000
    world.throttles.pass_time(rest.wait_s)
    assert (await warm_up("green.example", 400, CAPS)).permits == 100
    assert await world.throttles.warm_ups() == [WarmUp("green.example", 20515, 1, 100)]
    assert await world.throttles.all() == []


async def test_what_did_not_go_is_given_back_and_a_day_without_any_is_no_step(world: World) -> None:
    throttles = world.throttles
    await throttles.give_back("green.example", 5)  # of a domain that nobody knows
    await throttles.warm_up("green.example", 50, CAPS)
    await throttles.give_back("green.example", 20)
    assert (await throttles.warm_up("green.example", 50, CAPS)).permits == 20
    await throttles.give_back("green.example", 70)
    assert await throttles.warm_ups() == [WarmUp("green.example", 20514, 0, 0)]
    throttles.pass_time(86_400)
    assert (await throttles.warm_up("green.example", 90, CAPS)).permits == 50
    throttles.pass_time(86_400)
    await throttles.give_back("green.example", 50)  # yesterday's
    assert await throttles.warm_ups() == [WarmUp("green.example", 20515, 0, 50)]


async def test_a_domain_that_was_silent_for_a_month_begins_anew_and_a_warm_one_has_no_cap(world: World) -> None:
    for wanted in (1, 1, 9):
        last = await world.throttles.warm_up("green.example", wanted, (2, 3))
        world.throttles.pass_time(86_400)
    assert last == DayGrant(9)
    world.throttles.pass_time(30 * 86_400)
    assert (await world.throttles.warm_up("green.example", 9, (2, 3))).permits == 2


async def test_mongo_and_memory_say_the_same(mongo_database: AsyncIOMotorDatabase[dict[str, object]]) -> None:
    """The rules are in domain/throttle.py; the pipeline is their translation."""
    dice = random.Random(7)
    memory, mongo = MemoryThrottles(now_ms=START_MS), FixedMongo(mongo_database)
    for _ in range(400):
        seconds = dice.choice([0, 0.01, 0.3, 1, 4, 40])
        memory.pass_time(seconds)
        mongo.pass_time(seconds)
        ask = _any(dice)
        assert await mongo.take(ask) == await memory.take(ask)
        assert await mongo.all() == await memory.all()
        assert await mongo.limited() == await memory.limited()


def _any(dice: random.Random) -> Ask:
    return Ask(
        NAME,
        dice.choice("abc$"),
        dice.choice([0, 1, 30, 500]),
        Limits(per_s=dice.choice([None, 0.1, 7, 50.0]), connections=dice.choice([None, 4])),
        used_per_s=dice.choice([0, 3, 80.5]),
        good=dice.choice([0, 0, 1, 99, 450]),
        slow=dice.choice([0] * 9 + [1]),
        spread=dice.random(),
        campaigns=tuple(sorted(dice.sample(["spring", "$summer", "autumn"], dice.randint(1, 3)))),
    )


@pytest.mark.xdist_group("counted by the second")
async def test_four_workers_together_keep_fifty_a_second(
    mongo_database: AsyncIOMotorDatabase[dict[str, object]],
) -> None:
    """On the real clock: no second holds more, and little is lost between them."""
    throttles = MongoThrottles(mongo_database)
    began, lasts_s = time.monotonic(), 5.0
    asks: list[str] = []

    async def worker(name: str) -> list[float]:
        moments: list[float] = []
        while (asked := time.monotonic()) < began + lasts_s:
            asks.append(name)
            grant = await throttles.take(Ask(NAME, name, 200, FIFTY))
            middle_s = (asked + time.monotonic()) / 2  # about when the server looked at its clock
            moments += [middle_s + grant.start_s + place * grant.gap_s for place in range(grant.permits)]
            await asyncio.sleep(max(0, asked + 1 - time.monotonic()))
        return moments

    found = sorted(each for part in await asyncio.gather(*map(worker, "abcd")) for each in part)
    within = [each for each in found if each < began + lasts_s]
    assert len(within) == pytest.approx(50 * lasts_s, rel=0.15)
    assert _most_in_a_second(found) <= 100, "the rule itself never gives two moments too close"
    assert len(asks) <= 4 * (lasts_s + 1)
    assert max(found) < began + lasts_s + HORIZON_S + 1


def _most_in_a_second(moments: list[float]) -> int:
    return max(sum(each <= other < each + 1 for other in moments) for each in moments)


RELAY = "relay:default"


async def test_without_a_limit_of_connections_nothing_is_kept(world: World) -> None:
    assert await world.throttles.connect(ConnectionAsk(RELAY, "a", 5, 0)) is None
    assert await world.throttles.all() == []


async def test_connections_are_shared_and_what_was_set_by_hand_counts(world: World) -> None:
    ten = Limits(connections=10)

    async def ask(worker: str, wanted: int, opened: int = 0) -> int | None:
        return await world.throttles.connect(ConnectionAsk(RELAY, worker, wanted, opened, ten))

    assert await ask("a", 20) == 10
    assert await ask("b", 20) == 0
    assert await ask("a", 20, 10) == 5
    assert await ask("a", 20, 5) == 5
    assert await ask("b", 20) == 5
    assert (await world.standing()).limits == ten
    await world.throttles.override(RELAY, Limits(connections=4))
    assert await ask("a", 20, 5) == 0  # b may still have five
    assert await ask("b", 20, 0) == 0  # a still has five
    assert await ask("a", 20, 0) == 2
    await world.throttles.override(RELAY, Limits(per_s=5))
    assert await ask("b", 20, 0) is None
    world.throttles.pass_time(60)
    await world.throttles.override(RELAY, None)
    assert await ask("b", 20, 0) == 10


async def test_a_throttle_that_was_asked_for_permits_before_has_room_for_connections(world: World) -> None:
    await world.take(1)
    assert await world.throttles.connect(ConnectionAsk(NAME, "a", 3, 0, Limits(connections=2))) == 2
    await world.take(1)
    assert await world.throttles.connect(ConnectionAsk(NAME, "b", 3, 0, Limits(connections=2))) == 0


async def test_many_workers_that_ask_at_once_never_get_more_than_there_is(
    mongo_database: AsyncIOMotorDatabase[dict[str, object]],
) -> None:
    throttles = MongoThrottles(mongo_database)
    asks = [ConnectionAsk(RELAY, f"w{number}", 3, 0, Limits(connections=7)) for number in range(12)]
    given = await asyncio.gather(*(throttles.connect(ask) for ask in asks))
    assert sum(each or 0 for each in given) <= 7
    assert any(given)


async def test_workers_are_named_as_they_like(world: World) -> None:
    await world.take(1, "$worker")
    assert (await world.standing()).takers == (Taker("$worker", START_MS, 1, 0, ("",)),)


async def test_a_domain_that_has_used_up_its_day_waits_for_the_next_and_asking_uses_nothing(world: World) -> None:
    assert await world.throttles.day_over("green.example", CAPS) == 0
    await world.throttles.warm_up("green.example", 50, CAPS)
    left_s = await world.throttles.day_over("green.example", CAPS)
    assert 0 < left_s <= 86_400
    assert await world.throttles.day_over("green.example", CAPS) == left_s
    world.throttles.pass_time(left_s)
    assert await world.throttles.day_over("green.example", CAPS) == 0
    [known] = await world.throttles.warm_ups()
    assert (known.number, known.used) == (0, 50)
