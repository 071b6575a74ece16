"""Publishes confirmed, persistent and with a bounded number in flight."""

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import takewhile
from typing import TypeAlias

import aiormq.exceptions as amqp
from aio_pika.abc import AbstractChannel

from domain.errors import BrokerUnavailable, Unroutable
from messages.base import FEED, IN
from workers.broker_calls import broker_call
from workers.link import AmqpOptions, Connection, Link, channel_of, link
from workers.outgoing import Outgoing
from workers.publish_lane import Answer, Awaited, PublishLane
from workers.supervisor import Backoff, Generation, Supervisor

#: Measured on one channel, quorum queue, 500 bytes, written as one: 50 -> 14k/s, 200 -> 28k/s, 1000 -> 33k/s.
IN_FLIGHT = 200
DEADLINE_S = 30.0
_AT_ONCE = 1_000  #: messages that share a deadline
_GROWTH = 4  #: how many times more go at once, in order, after all before them were confirmed
_AGAIN = Backoff(min_s=0.05, max_s=5.0)
_EXCHANGES = ("", IN, FEED)
Told: TypeAlias = Callable[[int], Awaitable[None]]
#: What keeps a broker from confirming that can be reached.
_REFUSED = "RabbitMQ refuses it: its queue is full (x-max-length, reject-publish) or has no majority of its nodes"
_SILENT = "no answer in time; RabbitMQ takes nothing while its memory or disk runs short (`rabbitmqctl status`)"


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
        self._in_flight = in_flight
        self._deadline_s = deadline_s
        self._on_confirm = on_confirm
        self._on_unheard = on_unheard
        self._channel = Supervisor("publishing channel", self._lane, backoff or Backoff())

    @property
    def is_up(self) -> bool:
        return self._channel.is_up

    def start(self) -> None:
        self._channel.start()

    async def stop(self) -> None:
        await self._channel.stop()

    async def publish(self, messages: Sequence[Outgoing], within_s: float | None = None) -> None:
        """Return when the broker has confirmed every one of them, a thousand at a time. Order is not kept.

        Raises:
            Unroutable: no queue is bound for one of them; others may have been published.
            BrokerUnavailable: one was not confirmed in time (`within_s`, else the deadline); any may have arrived.
        """
        for at in range(0, len(messages), _AT_ONCE):
            await self._confirmed(messages[at : at + _AT_ONCE], self._deadline_s if within_s is None else within_s)

    async def offer_in_order(self, messages: Sequence[Outgoing], reached: Told, refused: Told) -> None:
        """Publish each once, behind those before it, whatever queues refuse: one that is full holds up no other. What
        was lost comes again with all that are behind it: whoever has some of those gets them twice.

        `reached` is told how many from the first on were published, whenever it is more; `refused` before that how many
        there are before one that a queue did not take: it lacks that one, and maybe others behind it, and every other
        queue has it. What either raises ends this.

        Raises:
            BrokerUnavailable: one had no answer in time; any from the last one reached on may have arrived.
        """
        at = 0
        while at < len(messages):
            answers = await self._leading(messages[at : at + _AT_ONCE])
            if Answer.REFUSED in answers:
                await refused(at + answers.index(Answer.REFUSED))
            at += len(answers)
            await reached(at)

    async def publish_in_order(self, messages: Sequence[Outgoing], reached: Told) -> int:
        """The same up to the first that a queue refuses: one, then ever more at once. How many were taken by all.

        `reached` is told how many these are, whenever it is more; what it raises ends this.

        Raises:
            Unroutable, BrokerUnavailable: as above.
        """
        at, size = 0, 1
        while at < len(messages):
            window = messages[at : at + size]
            answers = await self._leading(window)
            taken = answers.index(Answer.REFUSED) if Answer.REFUSED in answers else len(answers)
            at += taken
            if taken:
                await reached(at)
            if taken < len(answers):
                return at
            # A queue that is full takes one now and then: what is behind that one is not to come again with each.
            size = min(size * _GROWTH, _AT_ONCE) if taken == len(window) else 1
        return at

    async def _leading(self, messages: Sequence[Outgoing]) -> Sequence[Answer]:
        """What became of the first ones, one at least: of all before one that was lost or had no answer in time."""
        answers = list[Answer]()
        try:
            async with asyncio.timeout(self._deadline_s):
                for failures in itertools.count():
                    answers.clear()
                    await self._hear(messages, answers)
                    if answers[0] is not Answer.LOST:
                        break
                    await asyncio.sleep(_AGAIN.delay_s(failures))
        except TimeoutError as error:
            if not answers or answers[0] is Answer.LOST:
                raise self._unavailable(self._deadline_s, was_refused=False) from error
        leading = list(takewhile(lambda answer: answer is not Answer.LOST, answers))
        for message, answer in zip(messages, leading, strict=False):
            self._fails(message, answer)
        return leading

    async def _confirmed(self, messages: Sequence[Outgoing], within_s: float) -> None:
        """Nearly always it is confirmed at the first try; only what comes after that has a timer of its own."""
        began_s = time.monotonic()
        answers = await self._at_once(messages, within_s)
        left = self._left(messages, answers)
        if left and Answer.SILENT in answers:
            raise self._unavailable(within_s, was_refused=Answer.REFUSED in answers)
        if left:
            was_refused = Answer.REFUSED in answers
            await self._repeated(left, within_s, began_s + within_s - time.monotonic(), was_refused=was_refused)

    async def _at_once(self, messages: Sequence[Outgoing], within_s: float) -> Sequence[Answer]:
        """What became of each of them; lost where no channel is open."""
        current = self._channel.current_or_none()
        if current is None:
            return [Answer.LOST] * len(messages)
        answers = list[Answer]()
        await _heard(current[0], messages, answers, within_s)
        return answers

    async def _repeated(
        self, messages: Sequence[Outgoing], within_s: float, left_s: float, *, was_refused: bool
    ) -> None:
        try:
            async with asyncio.timeout(left_s):
                for failures in itertools.count():
                    await asyncio.sleep(_AGAIN.delay_s(failures))
                    answers = list[Answer]()
                    await self._hear(messages, answers)
                    messages = self._left(messages, answers)
                    if not messages:
                        return
                    was_refused = was_refused or Answer.REFUSED in answers
        except TimeoutError as error:
            raise self._unavailable(within_s, was_refused=was_refused) from error

    async def _hear(self, messages: Sequence[Outgoing], answers: list[Answer]) -> None:
        """Once a channel is open."""
        lane, _ = await self._channel.current()
        await _heard(lane, messages, answers)

    def _left(self, messages: Sequence[Outgoing], answers: Sequence[Answer]) -> Sequence[Outgoing]:
        """Those that are not confirmed."""
        return [each for each, answer in zip(messages, answers, strict=True) if self._fails(each, answer)]

    def _fails(self, message: Outgoing, answer: Answer) -> bool:
        """Whether it has to be published again."""
        if answer is not Answer.RETURNED:
            return answer is not Answer.CONFIRMED
        if message.mandatory:
            raise Unroutable(_no_queue(message))
        self._on_unheard(message.routing_key)
        return False

    def _unavailable(self, within_s: float, *, was_refused: bool) -> BrokerUnavailable:
        down = next((part for part in (self._link, self._channel) if not part.is_up), None)
        why = down.why_down if down else _REFUSED if was_refused else _SILENT
        return BrokerUnavailable(f"not confirmed within {within_s:g} s: {why}")

    @asynccontextmanager
    async def _lane(self, generation: Generation) -> AsyncIterator[PublishLane]:
        connection, life = await self._link.current()
        async with channel_of(connection, life, generation, confirms=True) as channel:
            for name in (IN, FEED):
                await _check_exchange(channel, name)
            async with self._lane_of(channel, connection) as lane:
                yield lane

    @asynccontextmanager
    async def _lane_of(self, channel: AbstractChannel, connection: Connection) -> AsyncIterator[PublishLane]:
        """What is said of publishes on the channel meanwhile comes to the lane."""
        number = (await channel.get_underlay_channel()).number
        connection.answered[number] = lane = PublishLane(
            number,
            connection.writer,
            window=self._in_flight,
            frame_max_bytes=connection.frame_max_bytes,
            on_confirm=self._on_confirm,
        )
        # At once, not when the generation's end is noticed: what is written meanwhile would be on a closed channel.
        channel.close_callbacks.add(lambda *_: lane.close())
        try:
            yield lane
        finally:
            lane.close()
            if connection.answered.get(number) is lane:  # its number may be another channel's by now
                del connection.answered[number]


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


async def _check_exchange(channel: AbstractChannel, name: str) -> None:
    """Publishing to a missing exchange would close the channel under everybody else's publishes."""
    try:
        async with broker_call():
            await channel.get_exchange(name, ensure=True)
    except amqp.ChannelNotFoundEntity as error:
        raise BrokerUnavailable(f"exchange {name} is missing: run `campaigns init`") from error


async def _heard(
    lane: PublishLane, messages: Sequence[Outgoing], answers: list[Answer], within_s: float = math.inf
) -> None:
    """What becomes of each, in their order: who stops waiting has the answers to the first ones."""
    awaited = [lane.published(_routed(message), within_s) for message in messages]
    try:
        for each in awaited:
            answers.append(await each)  # noqa: PERF401 - one by one: the first ones count where the rest is late
    finally:
        for each in awaited:
            _let_go(each)


def _let_go(awaited: Awaited) -> None:
    """Nobody waits for it; an error in it, beside the one that was raised, is not to be told as never retrieved."""
    if not awaited.cancel() and not awaited.cancelled():
        awaited.exception()


def _routed(message: Outgoing) -> Outgoing:
    if message.exchange not in _EXCHANGES:
        raise ValueError(f"nothing is published to the exchange {message.exchange}")
    return message


def _no_queue(message: Outgoing) -> str:
    to = message.exchange or "the default exchange"
    return f"no queue takes {message.routing_key} from {to}: run `campaigns init`"
