"""One suite over the parked messages in memory and in MongoDB."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import pytest

from domain.parked import Which
from repositories.parked import MongoParked
from tests.builders import a_parked_message, later
from tests.fakes.parked import MemoryParked

AnyParked: TypeAlias = MemoryParked | MongoParked


@pytest.fixture(params=["memory", "mongo"])
def parked(request: pytest.FixtureRequest) -> AnyParked:
    if request.param == "memory":
        return MemoryParked()
    return MongoParked(request.getfixturevalue("mongo_database"))


@pytest.mark.parametrize("size_bytes", [0, 100, 20_000_000])
async def test_a_message_is_kept_whole_whatever_its_size(parked: AnyParked, size_bytes: int) -> None:
    message = a_parked_message(body=b"\x00\xff" * (size_bytes // 2), headers={"a.b": "$x", "n": 1, "raw": b"\xff"})
    await parked.park(message)
    assert await parked.get("m1") == message


async def test_parking_again_replaces_and_counts(parked: AnyParked) -> None:
    await parked.park(a_parked_message(body=b"x" * 2_000_000, first_seen=later(-9), replayed=2))
    await parked.park(a_parked_message(body=b"y" * 2_000_000, attempts=2))
    stored = await parked.get("m1")
    assert stored is not None
    assert (stored.body[:1], stored.attempts, stored.times) == (b"y", 2, 2)
    assert (stored.first_seen, stored.replayed) == (later(-9), 2)


@pytest.mark.parametrize("sizes", [(2_000_000, 10), (10, 2_000_000), (2_000_000, 2_000_000)])
async def test_a_body_that_was_replaced_leaves_nothing_behind(parked: AnyParked, sizes: tuple[int, int]) -> None:
    for size in sizes:
        await parked.park(a_parked_message(body=b"x" * size))
    stored = await parked.get("m1")
    assert stored is not None
    assert (len(stored.body), stored.body_bytes) == (sizes[1], sizes[1])
    assert await parked.drop(Which()) == 1
    if isinstance(parked, MongoParked):
        assert await parked._parked.database["parked_bodies.files"].count_documents({}) == 0


async def test_pages_show_the_newest_first_without_bodies(parked: AnyParked) -> None:
    await parked.park(a_parked_message("m1", reason="unknown_module"))
    await parked.park(a_parked_message("m2", parked_at=later(9)))
    await parked.park(a_parked_message("m3", queue="send-batch"))
    assert [each.id for each in await parked.page(Which(queue="record-changed"))] == ["m2", "m1"]
    assert [each.body for each in await parked.page(limit=1)] == [b""]
    assert len(await parked.page(limit=0)) == 3
    assert await parked.counts() == {"record-changed": 2, "send-batch": 1}
    assert await parked.tally() == {
        ("record-changed", "unknown_module"): 1,
        ("record-changed", "invalid_message"): 1,
        ("send-batch", "invalid_message"): 1,
    }


@pytest.mark.parametrize(
    "which",
    [
        Which(ids=("a", "b1")),
        Which(ids=("b",), queue="send-batch"),
        Which(reason="unknown_module"),
        Which(type="send-batch"),
        Which(since=later(2), before=later(4)),
        Which(at_most_bytes=10),
        Which(ids=("nothing",)),
    ],
)
async def test_those_that_are_meant_are_found_counted_and_dropped(parked: AnyParked, which: Which) -> None:
    messages = [
        a_parked_message("a1", reason="unknown_module", body=b"x" * 20),
        a_parked_message("a2", parked_at=later(2)),
        a_parked_message("b1", parked_at=later(3), queue="send-batch", type="send-batch"),
        a_parked_message("b2", parked_at=later(4), queue="send-batch", body=b"x" * 2_000_000),
    ]
    for message in messages:
        await parked.park(message)
    meant = {message.id for message in messages if which.matches(message)}
    assert {each.id for each in await parked.page(which)} == meant
    assert await parked.count(which) == len(meant)
    assert await parked.drop(which) == len(meant)
    assert {each.id for each in await parked.page()} == {message.id for message in messages} - meant


async def test_what_is_dropped_is_gone(parked: AnyParked) -> None:
    await parked.park(a_parked_message(body=b"x" * 2_000_000))
    assert await parked.drop(Which(ids=("m1",))) == 1
    assert await parked.drop(Which(ids=("m1",))) == 0
    assert await parked.get("m1") is None


# ---- replaying


async def three(parked: AnyParked) -> None:
    for number in (3, 1, 2):
        await parked.park(a_parked_message(f"m{number}", parked_at=later(number), body=b"x" * number))


async def test_the_oldest_are_taken_whole_and_nobody_else_takes_them(parked: AnyParked) -> None:
    await three(parked)
    assert sorted(each.body for each in await parked.take(Which(), "one", 2, 60)) == [b"x", b"xx"]
    assert [each.id for each in await parked.take(Which(), "two", 2, 60)] == ["m3"]
    assert await parked.take(Which(), "three", 2, 60) == []


async def test_two_who_take_at_once_share_what_there_is(parked: AnyParked) -> None:
    for number in range(40):
        await parked.park(a_parked_message(f"m{number}"))
    taken = await asyncio.gather(*(parked.take(Which(), f"token-{n}", 40, 60) for n in range(4)))
    ids = [each.id for some in taken for each in some]
    assert len(ids) == len(set(ids)) <= 40


async def test_what_was_replayed_is_off_the_list_and_the_rest_can_be_given_back(parked: AnyParked) -> None:
    await three(parked)
    await parked.take(Which(), "one", 3, 60)
    assert await parked.replayed("two", ["m1"]) == 0
    assert await parked.replayed("one", ["m1", "m2"]) == 2
    await parked.release("one")
    assert [each.id for each in await parked.take(Which(), "two", 3, 60)] == ["m3"]


async def test_what_was_taken_by_somebody_who_died_is_free_after_a_while(parked: AnyParked) -> None:
    await three(parked)
    await parked.take(Which(), "died", 3, 0.05)
    if isinstance(parked, MemoryParked):
        parked.pass_time(0.1)
    else:
        await asyncio.sleep(0.1)
    assert len(await parked.take(Which(), "next", 3, 60)) == 3


async def test_what_is_parked_again_while_it_is_replayed_stays(parked: AnyParked) -> None:
    """A worker is quicker than whoever takes it off the list."""
    await three(parked)
    await parked.take(Which(), "one", 3, 60)
    await parked.park(a_parked_message("m1", replayed=1, parked_at=later(99)))
    assert await parked.replayed("one", ["m1", "m2", "m3"]) == 2
    (stays,) = await parked.page()
    assert (stays.id, stays.times, stays.replayed) == ("m1", 2, 1)
    assert len(await parked.take(Which(), "two", 3, 60)) == 1
