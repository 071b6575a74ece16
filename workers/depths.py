"""How many messages wait, and how many consumers take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import aiormq.exceptions as amqp

from domain.errors import BrokerUnavailable
from workers.broker_calls import BROKER_ERRORS, broker_call, close_quietly, in_words
from workers.declaration import first_connection
from workers.link import AmqpOptions


@dataclass(frozen=True, slots=True)
class Depth:
    queue: str
    ready: int  #: messages waiting, those being worked on not counted
    consumers: int


async def depths(options: AmqpOptions, queues: Sequence[str]) -> list[Depth]:
    """The depth of each queue that exists, in the order given.

    Raises:
        BrokerUnavailable: no node of the cluster answers.
    """
    connection = await first_connection(options, "campaigns status")
    found: list[Depth] = []
    try:
        for name in queues:
            try:
                async with broker_call():
                    # A channel each: asking for a queue that is not there closes the channel that asked.
                    channel = await connection.channel(publisher_confirms=False)
                    result = (await channel.declare_queue(name, passive=True)).declaration_result
                    await channel.close()
            except amqp.ChannelClosed:
                continue
            found.append(Depth(name, result.message_count or 0, result.consumer_count or 0))
    except BROKER_ERRORS as error:
        raise BrokerUnavailable(f"the connection broke: {in_words(error)}") from error
    finally:
        await close_quietly(connection)
    return found
