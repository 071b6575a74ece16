"""For a broker of which only an address is known: every test has the same virtual host, emptied before it."""

import aio_pika

from messages.catalog import INCOMING
from messages.send_batch import URGENT
from workers.topology import topology


async def empty(amqp_url: str) -> None:
    """Deletes every queue of the product with what is in it."""
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        for queue in topology([*INCOMING, URGENT]).queues:
            await channel.queue_delete(queue.name)
