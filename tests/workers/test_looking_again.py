"""Late news of the erased are looked for by one process, person by person, however one of them fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.erasure import Erasure
from domain.errors import Conflict, StoreUnavailable
from tests.builders import NOW
from tests.fakes.leases import MemoryLeases
from workers.retention import Again


@dataclass
class Desk:
    """People who are due; looking at some of them fails, and each takes its time."""

    fails: dict[str, Exception] = field(default_factory=dict)
    takes_s: float = 0
    leases: MemoryLeases = field(default_factory=MemoryLeases)
    looked: list[str] = field(default_factory=list)

    async def due(self) -> Sequence[Erasure]:
        return [Erasure(name, NOW) for name in ("ann", "bob", "cid") if name not in self.looked]

    async def look_again(self, due: Erasure) -> None:
        self.leases.pass_time(self.takes_s)
        if due.id in self.fails:
            raise self.fails[due.id]
        self.looked.append(due.id)

    def process(self, owner: str = "a") -> Again:
        desk: Any = self
        return Again(desk, self.leases, owner)


@pytest.mark.parametrize("trouble", [Conflict("busy"), KeyError("name"), OverflowError("a date")])
async def test_one_that_fails_stays_due_and_holds_up_nobody_behind_it(trouble: Exception) -> None:
    desk = Desk({"ann": trouble})
    await desk.process().tick()
    assert desk.looked == ["bob", "cid"]
    assert [each.id for each in await desk.due()] == ["ann"]


async def test_a_server_that_is_away_is_everybodys_trouble() -> None:
    desk = Desk({"bob": StoreUnavailable("away")})
    with pytest.raises(StoreUnavailable):
        await desk.process().tick()
    assert desk.looked == ["ann"]


async def test_the_lease_is_renewed_before_each_person() -> None:
    """Three that take 400 s each, with a lease of 600 s: nobody else begins meanwhile."""
    desk = Desk(takes_s=400)
    await desk.process("a").tick()
    assert desk.looked == ["ann", "bob", "cid"]
    await desk.process("b").tick()
    assert desk.leases.held["erasures"][0] == "a"


async def test_who_has_lost_the_lease_leaves_the_rest_to_the_other() -> None:
    desk = Desk(takes_s=700)
    taking = desk.look_again

    async def and_another_takes_over(due: Erasure) -> None:
        await taking(due)
        await desk.leases.take("erasures", "b", 600)

    desk.look_again = and_another_takes_over  # type: ignore[method-assign]
    await desk.process("a").tick()
    assert desk.looked == ["ann"]
