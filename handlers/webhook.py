"""Delivers the feed to one web address: each stream in order, and on with the others when one has to wait.

Any number of processes may tick; the one with the lease delivers. What was delivered and not noted comes again, with
the same id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.webhook import Position, delivered, failed
from handlers.ports.clock import Clock
from handlers.ports.feed import Outbox, Webhook, WebhookPositions
from handlers.ports.operations import Leases
from messages.base import Message

_LEASE = "webhook"


@dataclass(frozen=True, slots=True)
class WebhookSender:
    outbox: Outbox
    positions: WebhookPositions
    webhook: Webhook
    leases: Leases
    now: Clock
    owner: str  #: names this process
    lease_s: float = 60  #: longer than the time-out of a delivery
    at_once: int = 100  #: deliveries per tick: a process that is to stop waits for no more of them

    async def tick(self) -> Sequence[Message]:
        """Nothing is left to publish. One failure ends the tick: an address that hangs holds nothing up but itself.

        Raises:
            StoreUnavailable: MongoDB is away; the next tick begins anew.
            Conflict: somebody has moved a stream at this moment; the next tick goes on from there.
        """
        if not await self._is_mine():
            return []
        left = self.at_once
        for position in await self._due():
            count = await self._delivered(position, left)
            if count is None or count >= left:
                break
            left -= count
        return []

    async def _due(self) -> Sequence[Position]:
        known, now = await self.positions.load(), self.now()
        found = [(known.get(stream, Position(stream)), last) for stream, last in (await self.outbox.latest()).items()]
        return [position for position, last in found if position.number < last and position.is_due(now)]

    async def _delivered(self, position: Position, limit: int) -> int | None:
        """How many; None when one failed, or somebody else has the lease."""
        entries = await self.outbox.within(position.stream, position.number + 1, None, limit)
        for entry in entries:
            if not await self._is_mine():
                return None
            why = await self.webhook.post(entry)
            if why is not None:
                await self.positions.save(failed(position, entry.number, why, self.now()))
                return None
            position = await self.positions.save(delivered(position, entry.number))
        return len(entries)

    async def _is_mine(self) -> bool:
        return await self.leases.take(_LEASE, self.owner, self.lease_s)
