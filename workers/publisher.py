"""Publishes confirmed, persistent and with a bounded number in flight."""

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

import aio_pika
import aiormq.exceptions as amqp
from aio_pika.abc import AbstractChannel, AbstractExchange, DeliveryMode

from domain.errors import BrokerUnavailable, Unroutable
from messages.base import FEED, IN
from workers.broker_calls import BROKER_ERRORS, broker_call, in_words
from workers.link import AmqpOptions, Link, channel_on, link
from workers.outgoing import Outgoing
from workers.supervisor import Backoff, Generation, Supervisor

#: Measured on one channel, quorum queue, 330 bytes: 1 -> 1.2k/s, 10 -> 4.5k/s, 50 to 5000 -> 5 to 6.5k/s.
IN_FLIGHT = 200
DEADLINE_S = 30.0
_AGAIN = Backoff(min_s=0.05, max_s=5.0)

Exchanges = Mapping[str, AbstractExchange]


class Publisher:
    """Publishes on a channel of its own; repeats what was refused or left unanswered until the deadline.

    What it repeats may arrive twice. `on_confirm` is told the seconds that each confirm took, `on_unheard` the
    routing key of what need not be received and was received by nobody.
    """

    def __init__(
        self,
        link: Link,
        *,
        in_flight: int = IN_FLIGHT,
        deadline_s: float = DEADLINE_S,
        backoff: Backoff | None = None,
        on_confirm: Callable[[float], None] = lambda seconds: None,
        on_unheard: Callable[[str], None] = lambda routing_key: None,
    ) -> None:
        self._link = link
        self._slots = asyncio.Semaphore(in_flight)
        self._lanes = in_flight
        self._deadline_s = deadline_s
        self._on_confirm = on_confirm
        self._on_unheard = on_unheard
        self._channel = Supervisor("publishing channel", self._exchanges, backoff or Backoff())

    @property
    def is_up(self) -> bool:
        return self._channel.is_up

    def start(self) -> None:
        self._channel.start()

    async def stop(self) -> None:
        await self._channel.stop()

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Return when the broker has confirmed every one of them. Order is not kept.

        Raises:
            Unroutable: no queue is bound for one of them; others may have been published.
            BrokerUnavailable: one was not confirmed in time; any may or may not have arrived.
        """
        if len(messages) == 1:
            await self._confirmed(messages[0])
        elif messages:
            await self._side_by_side(messages)

    async def _side_by_side(self, messages: Sequence[Outgoing]) -> None:
        waiting = iter(messages)
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(min(self._lanes, len(messages))):
                    lanes.create_task(self._lane(waiting))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed

    async def _lane(self, waiting: Iterator[Outgoing]) -> None:
        for message in waiting:
            await self._confirmed(message)

    async def _confirmed(self, message: Outgoing) -> None:
        async with self._slots:
            began, refusal = time.monotonic(), None
            for failures in itertools.count():
                left_s = began + self._deadline_s - time.monotonic()
                try:
                    await self._attempt(message, left_s)
                    self._on_confirm(time.monotonic() - began)
                    return
                except BROKER_ERRORS as error:
                    refusal = error if isinstance(error, amqp.DeliveryError) else refusal
                    if left_s <= 0 or isinstance(error, TimeoutError):
                        raise self._unavailable(refusal or error) from error
                await asyncio.sleep(_AGAIN.delay_s(failures))

    async def _attempt(self, message: Outgoing, timeout_s: float) -> None:
        try:
            async with broker_call(timeout_s):
                exchanges, _ = await self._channel.current()
                await exchanges[message.exchange].publish(_amqp(message), message.routing_key, mandatory=True)
        except amqp.PublishError as error:
            if message.mandatory:
                raise Unroutable(_no_queue(message)) from error
            self._on_unheard(message.routing_key)

    def _unavailable(self, error: Exception) -> BrokerUnavailable:
        down = next((part for part in (self._link, self._channel) if not part.is_up), None)
        why = down.why_down if down else _unconfirmed(error)
        return BrokerUnavailable(f"not confirmed within {self._deadline_s:g} s: {why}")

    @asynccontextmanager
    async def _exchanges(self, generation: Generation) -> AsyncIterator[Exchanges]:
        async with channel_on(self._link, generation, confirms=True) as channel:
            found = {name: await _exchange(channel, name) for name in (IN, FEED)}
            yield found | {"": channel.default_exchange}


@asynccontextmanager
async def publishing(
    options: AmqpOptions, name: str = "publisher", deadline_s: float = DEADLINE_S
) -> AsyncIterator[Publisher]:
    """A publisher with a connection of its own, for programs that only publish."""
    connection = link(options, name)
    publisher = Publisher(connection, deadline_s=deadline_s, backoff=options.backoff)
    connection.start()
    publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()
        await connection.stop()


async def _exchange(channel: AbstractChannel, name: str) -> AbstractExchange:
    """Publishing to a missing exchange would close the channel under everybody else's publishes."""
    try:
        async with broker_call():
            return await channel.get_exchange(name, ensure=True)
    except amqp.ChannelNotFoundEntity as error:
        raise BrokerUnavailable(f"exchange {name} is missing: run `campaigns init`") from error


def _amqp(message: Outgoing) -> aio_pika.Message:
    return aio_pika.Message(
        message.body,
        content_type=message.content_type,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=uuid.uuid4().hex,
        headers=dict(message.headers),  # type: ignore[arg-type] # what AMQP carried it can carry again
    )


def _unconfirmed(error: Exception) -> str:
    """What keeps a broker from confirming that can be reached."""
    if isinstance(error, amqp.DeliveryError):
        return "RabbitMQ refuses it: its queue is full (x-max-length, reject-publish) or has no majority of its nodes"
    if isinstance(error, TimeoutError):
        return "no answer in time; RabbitMQ takes nothing while its memory or disk runs short (`rabbitmqctl status`)"
    return in_words(error)


def _no_queue(message: Outgoing) -> str:
    to = message.exchange or "the default exchange"
    return f"no queue takes {message.routing_key} from {to}: run `campaigns init`"
