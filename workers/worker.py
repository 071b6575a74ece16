"""Consumes messages one by one, some at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from domain.errors import Unavailable
from messages.base import Message
from workers.circuit import Circuit
from workers.delivery import Delivery
from workers.follow_ups import FollowUps
from workers.handler_clock import HandlerClock
from workers.inbox import Inbox
from workers.retry import InPlace
from workers.settlement import Received, Settlement, Unsettled, in_words
from workers.trail import NO_TRAIL, Trail, noted

log = structlog.get_logger()

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Worker(Generic[M]):
    """Runs one handler over one queue, on `concurrency` messages at a time.

    Store, publish, acknowledge, in this order: a crash between any two repeats the message.
    """

    queue: str
    message: type[M]
    handle: Callable[[M], Awaitable[Sequence[Message]]]
    settlement: Settlement
    follow_ups: FollowUps
    in_place: InPlace
    circuit: Circuit
    clock: HandlerClock
    concurrency: int = 8
    trail: Trail = NO_TRAIL

    @property
    def prefetch(self) -> int:
        return 2 * self.concurrency  # one in hand, the next one here

    async def run(self, inbox: Inbox) -> None:
        """Return when the inbox is closed and what was in hand is settled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.concurrency):
                group.create_task(self._work(inbox))

    async def _work(self, inbox: Inbox) -> None:
        while (delivery := await inbox.get()) is not None:
            try:
                await self._process(delivery)
            except Unsettled as left:
                log.warning("message_left", queue=self.queue, message_id=delivery.id, why=str(left))

    async def _process(self, delivery: Delivery) -> None:
        received = await self.settlement.parse(delivery, self.message)
        if received is None:
            return
        try:
            with self.settlement.metrics.handler_seconds.labels(self.queue).time():
                await self.in_place.for_a_while(lambda: self._handle(received))
        except Exception as error:  # noqa: BLE001 - settled, never swallowed
            if isinstance(error, Unavailable):
                self.circuit.failed(in_words(error))
            await self.settlement.fail(delivery, error)
        else:
            self.circuit.succeeded()
            await self.settlement.done(delivery)

    async def _handle(self, received: Received[M]) -> None:
        async with self.clock.running():
            follow_ups = await noted(self.trail, received, self.handle)
            await self.follow_ups.publish(follow_ups, [received.envelope])
