"""Delivers the feed to one web address: each stream in order, several side by side, so that none waits for another.

Any number of processes may tick; the one with the lease delivers. What was delivered and not noted comes again, with
the same id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.feed import Entry
from domain.webhook import Position, delivered, failed, in_turn
from handlers.ports.feed import Outbox, Posting, Webhook, WebhookPositions
from handlers.ports.operations import Leases
from handlers.side_by_side import side_by_side
from handlers.timers import Timers
from messages.base import Message

_LEASE = "webhook"


@dataclass(frozen=True, slots=True)
class WebhookSender:
    outbox: Outbox
    positions: WebhookPositions
    webhook: Webhook
    leases: Leases
    timers: Timers
    owner: str  #: names this process
    lease_s: float = 60  #: three times longer than a delivery may take
    streams: int = 8  #: side by side
    at_once: int = 25  #: deliveries of a stream before others have their turn
    tick_s: float = 5  #: after it no new turn is begun: a process that is to stop waits for no more

    async def tick(self) -> Sequence[Message]:
        """Nothing is left to publish. A stream that fails waits alone.

        Raises:
            StoreUnavailable: MongoDB is away; the next tick begins anew.
            Conflict: somebody has moved a stream at this moment; the next tick goes on from there.
        """
        ends = self.timers.now() + timedelta(seconds=self.tick_s)
        async with self.webhook.connected() as posting:
            while await self._is_mine() and await self._round(posting) and self.timers.now() < ends:
                pass
        return []

    async def _round(self, posting: Posting) -> bool:
        """A turn of the streams that waited longest; whether anything was posted."""
        posted = list[Entry]()
        due = await self._due()
        await side_by_side(*(self._deliver(position, posting, posted) for position in due[: self.streams]))
        return bool(posted)

    async def _due(self) -> Sequence[Position]:
        known, now = await self.positions.load(), self.timers.now()
        found = [(known.get(stream, Position(stream)), last) for stream, last in (await self.outbox.latest()).items()]
        return in_turn(position for position, last in found if position.number < last and position.is_due(now))

    async def _deliver(self, position: Position, posting: Posting, posted: list[Entry]) -> None:
        """Its turn: up to the first that fails."""
        for entry in await self.outbox.within(position.stream, position.number + 1, None, self.at_once):
            if not await self._is_mine():
                return
            posted.append(entry)
            why = await posting.post(entry)
            if why is not None:
                await self.positions.save(failed(position, entry.number, why, self.timers.now()))
                return
            position = await self.positions.save(delivered(position, entry.number, self.timers.now()))

    async def _is_mine(self) -> bool:
        """The lease is renewed early enough to hold for the longest delivery that may begin now."""
        if not self.timers.is_time("lease", self.lease_s / 3):
            return True
        if await self.leases.take(_LEASE, self.owner, self.lease_s):
            return True
        self.timers.clear()
        return False
