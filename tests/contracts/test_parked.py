"""One suite over the parked messages in memory and in MongoDB."""

from __future__ import annotations

from typing import TypeAlias

import pytest

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


async def test_parking_again_replaces(parked: AnyParked) -> None:
    await parked.park(a_parked_message(body=b"x" * 2_000_000))
    await parked.park(a_parked_message(body=b"y" * 2_000_000, attempts=2))
    stored = await parked.get("m1")
    assert stored is not None
    assert (stored.body[:1], stored.attempts) == (b"y", 2)


async def test_pages_show_the_newest_first_without_bodies(parked: AnyParked) -> None:
    await parked.park(a_parked_message("m1", reason="unknown_module"))
    await parked.park(a_parked_message("m2", parked_at=later(9)))
    await parked.park(a_parked_message("m3", queue="send-batch"))
    assert [each.id for each in await parked.page(queue="record-changed")] == ["m2", "m1"]
    assert [each.id for each in await parked.page(reason="unknown_module")] == ["m1"]
    assert [each.body for each in await parked.page(limit=1)] == [b""]
    assert await parked.counts() == {"record-changed": 2, "send-batch": 1}


async def test_what_is_dropped_is_gone(parked: AnyParked) -> None:
    await parked.park(a_parked_message(body=b"x" * 2_000_000))
    assert await parked.drop("m1")
    assert not await parked.drop("m1")
    assert await parked.get("m1") is None
