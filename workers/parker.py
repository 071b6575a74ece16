"""Parks what RabbitMQ gave up: messages whose workers crashed again and again without saying anything."""

from dataclasses import dataclass

import structlog

from workers.delivery import Delivery
from workers.inbox import Inbox
from workers.settlement import Settlement, Unsettled
from workers.topology import CRASHES, dead

log = structlog.get_logger()

DELIVERY_LIMIT = "delivery_limit"


@dataclass(frozen=True, slots=True)
class Parker:
    """Empties the dead-letter queue of one work queue into the parked messages."""

    work_queue: str
    settlement: Settlement
    prefetch: int = 10

    @property
    def queue(self) -> str:
        return dead(self.work_queue)

    async def run(self, inbox: Inbox) -> None:
        """Return when the inbox is closed."""
        while (delivery := await inbox.get()) is not None:
            try:
                await self._park(delivery)
            except Unsettled as left:
                log.warning("message_left", queue=self.queue, message_id=delivery.id, why=str(left))

    async def _park(self, delivery: Delivery) -> None:
        parked = self.settlement.parked(
            delivery,
            queue=self.work_queue,
            reason=DELIVERY_LIMIT,
            error=f"delivered more than {CRASHES} times without an answer: its workers crashed or were cut off",
            attempts=delivery.attempt,
        )
        await self.settlement.park(delivery, parked)
