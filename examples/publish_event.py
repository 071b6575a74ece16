"""Publish one event from your own program: a lead changed in your CRM.

    python examples/publish_event.py "$(campaigns url)"

All it needs is `pip install aio-pika`; any AMQP 0-9-1 client of any language does the same.
"""

import asyncio
import json
import sys
import uuid
from datetime import UTC, datetime

import aio_pika

EVENT = {
    "specversion": "1.0",
    "id": str(uuid.uuid4()),  # the same id again is the same event: it changes nothing
    "source": "/my-crm",
    "type": "campaigns.record-changed.v1",
    "time": datetime.now(UTC).isoformat(),
    "datacontenttype": "application/json",
    "data": {
        "module": "Leads",
        "record_id": "5400000000000000001",  # as text
        "operation": "update",
        "fields": {"Email": "jane.doe@example.com", "First_Name": "Jane"},
        "changed_at": datetime.now(UTC).isoformat(),
    },
}


async def main(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        # Confirms, and an exception where no queue takes it: once this returns, the broker has it on disk.
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange("campaigns.in")
        message = aio_pika.Message(
            json.dumps(EVENT).encode(),
            content_type="application/cloudevents+json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await exchange.publish(message, routing_key="record-changed", mandatory=True)
    print("published and confirmed")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1]))
