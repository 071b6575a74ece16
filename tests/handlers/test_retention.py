"""What is too old goes a slice at a time, whichever process has the lease."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.retention import Position, Step, Stock
from handlers.retention import Retention
from tests.builders import NOW
from tests.fakes.leases import MemoryLeases


@dataclass
class Shelf:
    """Books by the day on which they came, 0 is the oldest; `after` is a place."""

    kind: str
    days: list[int]
    asked: list[datetime] = field(default_factory=list)

    async def view(self, before: datetime | None) -> Stock:
        return Stock(
            len(self.days), _at(min(self.days)), sum(before is not None and _at(day) < before for day in self.days)
        )

    async def forget(self, before: datetime, after: str, limit: int) -> Step:
        self.asked.append(before)
        first = int(after or 0)
        page = self.days[first : first + limit]
        gone = [day for day in page if _at(day) < before]
        self.days = [-1 if day in gone else day for day in self.days]
        return Step(len(gone), str(first + limit) if len(page) == limit else None)


@dataclass
class Positions:
    kept: dict[str, Position] = field(default_factory=dict)

    async def load(self) -> dict[str, Position]:
        return dict(self.kept)

    async def save(self, position: Position) -> None:
        self.kept[position.kind] = position


def _at(day: int) -> datetime:
    return NOW + timedelta(days=day)


@dataclass
class World:
    shelves: list[Shelf]
    days: dict[str, float]
    positions: Positions = field(default_factory=Positions)
    leases: MemoryLeases = field(default_factory=MemoryLeases)
    now: datetime = NOW + timedelta(days=10)

    def worker(self, owner: str = "a") -> Retention:
        return Retention(self.shelves, self.days, self.positions, self.leases, lambda: self.now, owner, at_once=2)


def a_world() -> World:
    return World([Shelf("events", [1, 2, 3, 8, 9]), Shelf("audit", [1, 2])], {"events": 5, "audit": 0})


async def test_each_tick_takes_a_slice_and_the_next_one_goes_on_from_there() -> None:
    world = a_world()
    events = world.shelves[0]
    await world.worker().tick()
    assert events.days == [-1, -1, 3, 8, 9]
    world.leases.pass_time(60)
    await world.worker("b").tick()
    assert events.days == [-1, -1, -1, 8, 9]


async def test_who_has_no_lease_does_nothing() -> None:
    world = a_world()
    await world.worker("a").tick()
    await world.worker("b").tick()
    assert world.shelves[0].days == [-1, -1, 3, 8, 9]


async def test_after_a_round_it_rests_and_then_looks_again() -> None:
    world = a_world()
    for _ in range(5):
        await world.worker().tick()
    assert world.shelves[0].asked == [_at(5)] * 3
    world.now = _at(14)
    for _ in range(3):
        await world.worker().tick()
    assert world.shelves[0].days == [-1, -1, -1, -1, 9]


async def test_what_is_kept_for_ever_is_not_touched() -> None:
    world = a_world()
    await world.worker().tick()
    assert world.shelves[1].asked == []
    assert (await world.worker().show())["audit"] == Stock(2, _at(1), 0)


async def test_what_goes_next_is_shown_before_it_goes() -> None:
    world = a_world()
    assert (await world.worker().show())["events"] == Stock(5, _at(1), 3)
    assert world.shelves[0].days == [1, 2, 3, 8, 9]


async def test_on_request_all_of_it_goes_at_once() -> None:
    world = a_world()
    gone = [step async for step in world.worker().apply()]
    assert gone == [("events", 2), ("events", 1), ("events", 0), ("audit", 0)]
