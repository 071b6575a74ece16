"""Events are confirmed by RabbitMQ before a reader is answered."""

from __future__ import annotations

from messages.delivery_event import DeliveryEvent
from web.ports import Publishing, Told


async def confirmed(publishing: Publishing, event: DeliveryEvent) -> None:
    """
    Raises:
        BrokerUnavailable: it is not confirmed; told again, it is the same event.
    """
    await publishing.publish([Told(event, event.event_id, event.occurred_at)])
