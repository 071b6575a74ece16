"""What is kept of people goes when it is too old: a slice of each kind at a time, in any number of processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.retention import Position, Step, Stock, too_old
from handlers.ports.clock import Clock
from handlers.ports.operations import Leases
from handlers.ports.privacy import Aging, RetentionPositions
from messages.base import Message

_LEASE = "retention"
#: Between two rounds of one kind: a day is the unit of the settings.
_REST = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Retention:
    """Any number of processes may tick; the one with the lease does the work, from where the last one came to."""

    aging: Sequence[Aging]
    days: Mapping[str, float]  #: by kind; 0: for ever
    positions: RetentionPositions
    leases: Leases
    now: Clock
    owner: str  #: names this process
    at_once: int = 500  #: documents that are looked at in one slice
    lease_s: float = 30

    async def tick(self) -> Sequence[Message]:
        """One slice of each kind whose time has come."""
        if await self.leases.take(_LEASE, self.owner, self.lease_s):
            positions = await self.positions.load()
            for each in self.aging:
                await self._go_on(each, positions.get(each.kind, Position(each.kind)))
        return []

    async def show(self) -> Mapping[str, Stock]:
        """What there is of each kind, how old it is and how much of it is too old."""
        return {each.kind: await each.view(too_old(self.days[each.kind], self.now())) for each in self.aging}

    async def apply(self) -> AsyncIterator[tuple[str, int]]:
        """Everything that is too old goes now, slice by slice: the kind, and how many documents were changed."""
        for each in self.aging:
            after: str | None = ""
            while after is not None:
                step = await self._step(each, after)
                after = step.after
                yield each.kind, step.changed

    async def _go_on(self, each: Aging, position: Position) -> None:
        if position.next_at is not None and position.next_at > self.now():
            return
        step = await self._step(each, position.after)
        next_at = self.now() + _REST if step.after is None else None
        await self.positions.save(Position(each.kind, step.after or "", next_at))

    async def _step(self, each: Aging, after: str) -> Step:
        before = too_old(self.days[each.kind], self.now())
        return await each.forget(before, after, self.at_once) if before else Step(0, None)
