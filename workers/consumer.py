"""Takes in the deliveries of one queue, and notices when they stop coming."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiormq.exceptions as amqp
import structlog
from aio_pika.abc import AbstractChannel, AbstractQueue
from aiormq.abc import AbstractChannel as AmqpChannel

from domain.errors import BrokerUnavailable
from workers.broker_calls import BROKER_ERRORS, CLOSE_S, broker_call, in_words
from workers.circuit import Circuit, CircuitState
from workers.delivery import Delivery, Early
from workers.delivery_stream import Taker
from workers.inbox import Inbox
from workers.incoming import Incoming, incoming
from workers.link import Connection, Link, channel_of, channel_on
from workers.supervisor import RENEWED, Backoff, Generation, Supervisor

log = structlog.get_logger()

WATCH_S = 15.0
#: A queue deleted and created again at once leaves, on 3.10, a consumer that the broker knows and gives messages
#: to that never reach us: it holds up to a prefetch of them, and nothing that AMQP can ask tells. So a consumer
#: that was silent for so long subscribes anew; idle as it is, that costs nothing.
RENEW_S = 300.0
#: How often a consumer that takes nothing more looks whether what it had in hand is settled.
SETTLED_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Subscription:
    channel: AmqpChannel
    tag: str

    async def cancel(self) -> None:
        """Let nothing more come; what came can still be settled."""
        await self.channel.basic_cancel(self.tag)


class Consumer:
    """Fills `inbox` from `queue` on a channel of its own, opened again whenever anything is wrong with it.

    While `circuit` is open it takes nothing, and for a probe one message at a time. `early` reads a message as it
    comes, while those before it are in hand and their servers at work.

    The callback only enqueues: what runs inside it is cancelled with the channel, in the middle of an SMTP DATA
    (aiormq #70).
    """

    def __init__(
        self,
        link: Link,
        queue: str,
        prefetch: int,
        circuit: Circuit,
        give_back: Callable[[Delivery], Awaitable[None]],
        *,
        watch_s: float = WATCH_S,
        renew_s: float = RENEW_S,
        backoff: Backoff | None = None,
        on_open: Callable[[str], None] = lambda name: None,
        early: Callable[[Incoming], Early | None] = lambda incoming: None,
    ) -> None:
        self.queue = queue
        self.inbox = Inbox()
        self._link = link
        self._prefetch = prefetch
        self._circuit = circuit
        self._give_back = give_back
        self._early = early
        self._watch_s = watch_s
        self._renew_s = renew_s
        self._subscribed = time.monotonic()
        self._last_arrival = time.monotonic()
        self._channel = Supervisor(f"consuming {queue}", self._consuming, backoff or Backoff(), on_open)

    @property
    def is_consuming(self) -> bool:
        return self._channel.is_up

    @property
    def unsettled(self) -> int:
        current = self._channel.current_or_none()
        return current[1].unsettled if current else 0

    def start(self) -> None:
        self._channel.start()

    async def stop_taking(self) -> None:
        """Take nothing more; what is in hand can still be settled."""
        self._channel.retire()
        self.inbox.close()
        current = self._channel.current_or_none()
        if current is None:
            return
        with suppress(*BROKER_ERRORS):
            async with broker_call(CLOSE_S):
                await current[0].cancel()

    async def stop(self) -> None:
        """Close the channel. What was not settled goes back to the queue."""
        await self._channel.stop()

    @asynccontextmanager
    async def _consuming(self, generation: Generation) -> AsyncIterator[Subscription]:
        state = await self._circuit.may_take()
        connection, life = await self._link.current()
        async with (
            channel_of(connection, life, generation) as channel,
            self._taking(channel, connection, generation) as underlay,
        ):
            subscription = await self._subscribe(
                channel, underlay, generation, self._prefetch if state is CircuitState.CLOSED else 1
            )
            self._subscribed = time.monotonic()
            watchdog = asyncio.create_task(self._watch(generation), name=f"watchdog {self.queue}")
            resting = asyncio.create_task(self._rest(subscription, generation, state), name=f"circuit {self.queue}")
            try:
                yield subscription
            finally:
                watchdog.cancel()
                resting.cancel()

    async def _rest(self, subscription: Subscription, generation: Generation, state: CircuitState) -> None:
        """When the circuit has left `state`: take nothing more, let what is in hand be settled, begin another life."""
        now = await self._circuit.other_than(state)
        generation.is_resting = True
        try:
            async with broker_call():
                await subscription.cancel()
            for delivery in self.inbox.take_back() if now is CircuitState.OPEN else ():
                await self._give_back(delivery)
            while generation.unsettled > 0:  # noqa: ASYNC110 - counted by whoever settles, many times a second
                await asyncio.sleep(SETTLED_POLL_S)
        except BROKER_ERRORS as error:
            generation.end(f"pausing: {in_words(error)}")
        generation.end(RENEWED)

    @asynccontextmanager
    async def _taking(
        self, channel: AbstractChannel, connection: Connection, generation: Generation
    ) -> AsyncIterator[AmqpChannel]:
        """Everything that is delivered on the channel meanwhile comes to our inbox."""
        underlay = await channel.get_underlay_channel()
        connection.takers[underlay.number] = take = self._taker(underlay, generation)
        try:
            yield underlay
        finally:
            if connection.takers.get(underlay.number) is take:  # its number may be another channel's by now
                del connection.takers[underlay.number]

    def _taker(self, underlay: AmqpChannel, generation: Generation) -> Taker:
        def take(tag: int, header: bytes, body: bytes) -> None:
            self._last_arrival = time.monotonic()
            generation.unsettled += 1
            came = incoming(underlay, tag, header, body)
            self.inbox.put(Delivery(self.queue, came, generation, self._early(came)))

        return take

    async def _subscribe(
        self, channel: AbstractChannel, underlay: AmqpChannel, generation: Generation, prefetch: int
    ) -> Subscription:
        async def strayed(_: object) -> None:
            generation.end("a delivery came that nobody took")

        async with broker_call():
            await channel.set_qos(prefetch)
            await self._existing(channel)
            underlay.on_consumer_cancel_callbacks.add(lambda _: generation.end("cancelled by the broker"))
            consuming = await underlay.basic_consume(self.queue, strayed)
            return Subscription(underlay, str(consuming.consumer_tag))

    async def _existing(self, channel: AbstractChannel) -> AbstractQueue:
        try:
            return await channel.get_queue(self.queue)
        except amqp.ChannelNotFoundEntity as error:
            raise BrokerUnavailable(f"queue {self.queue} is missing: run `campaigns init`") from error

    async def _watch(self, generation: Generation) -> None:
        """A consumer can vanish without a word (3.10: queue deleted and created again). So ask, now and then."""
        while generation.alive:
            await asyncio.sleep(self._watch_s)
            if generation.is_resting:  # it would find that we are no consumer
                return
            try:
                await self._look(generation)
            except Exception as error:  # noqa: BLE001 - a supervisor: without a watchdog the channel is not trusted
                generation.end(f"watchdog: {in_words(error)}")

    async def _look(self, generation: Generation) -> None:
        _, life = await self._link.current()
        look = Generation(generation.number)
        life.adopt(look)
        async with channel_on(self._link, look) as channel, broker_call():
            seen = (await self._existing(channel)).declaration_result
        if not seen.consumer_count:
            generation.end("watchdog: the broker does not know us as a consumer")
        silent_s = time.monotonic() - max(self._last_arrival, self._subscribed)
        if generation.unsettled:
            return
        if seen.message_count and silent_s > self._watch_s:
            generation.end("watchdog: messages are ready and none comes")
        if silent_s > self._renew_s:
            generation.end(RENEWED)
