"""Makes the broker have our topology, or says what differs. Workers never declare anything."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import aiormq.exceptions as amqp
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection

from domain.errors import BrokerUnavailable, CampaignsError
from workers.broker_calls import BROKER_ERRORS, broker_call, close_quietly, in_words
from workers.link import AmqpOptions, connect
from workers.topology import Binding, Queue, Topology

#: rabbit_misc:assert_args_equivalence, the same on 3.10 to 4.x; it names the first argument that differs.
_DIFFERS = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' for (?P<kind>\w+) '(?P<name>[^']+)' in vhost '[^']*': "
    r"received (?P<ours>.+?) but current is (?P<theirs>.+)$"
)
_VALUE = re.compile(r"^(?:the value )?(?P<value>'.*?')(?: of type '\w+')?$")

Step = Callable[[AbstractChannel], Awaitable[object]]


class TopologyMismatch(CampaignsError):
    """The broker has one of our names with other properties, or refuses it; names each, with the broker's text."""


async def declare(options: AmqpOptions, wanted: Topology) -> None:
    """Create what is missing. Repeating it changes nothing.

    Raises:
        TopologyMismatch: something exists differently; everything else was declared.
        BrokerUnavailable: no node of the cluster can be reached.
    """
    async with _connection(options) as connection:
        refused = [
            *[await _try(connection, f"exchange {name}", _exchange(name)) for name in wanted.exchanges],
            *[await _try(connection, f"queue {queue.name}", _queue(queue)) for queue in wanted.queues],
            *[await _try(connection, f"binding of {one.queue}", _binding(one)) for one in wanted.bindings],
        ]
    if findings := [text for text in refused if text]:
        raise TopologyMismatch("; ".join(findings))


async def missing(options: AmqpOptions, wanted: Topology) -> Sequence[str]:
    """What `campaigns init` would have to create: names of exchanges and queues. Creates nothing.

    Raises:
        BrokerUnavailable: no node of the cluster can be reached.
    """
    async with _connection(options) as connection:
        checks = [(name, _has_exchange(name)) for name in wanted.exchanges]
        checks += [(queue.name, _has_queue(queue.name)) for queue in wanted.queues]
        return [name for name, check in checks if await _try(connection, name, check)]


async def differing(options: AmqpOptions, wanted: Topology) -> Sequence[str]:
    """What exists with other properties than ours, each in words. Creates nothing.

    Raises:
        BrokerUnavailable: no node of the cluster can be reached.
    """
    async with _connection(options) as connection:
        there = [queue for queue in wanted.queues if not await _try(connection, queue.name, _has_queue(queue.name))]
        found = [await _try(connection, f"queue {queue.name}", _queue(queue)) for queue in there]
        return [text for text in found if text]


async def first_connection(options: AmqpOptions, name: str) -> AbstractConnection:
    """A connection to the first node that answers.

    Raises:
        BrokerUnavailable: none does; says why for each.
    """
    reasons = []
    for url in options.urls:
        try:
            return await connect(url, options, name)
        except BrokerUnavailable as error:
            reasons.append(str(error))
    raise BrokerUnavailable("; ".join(reasons))


@asynccontextmanager
async def _connection(options: AmqpOptions) -> AsyncIterator[AbstractConnection]:
    connection = await first_connection(options, "campaigns init")
    try:
        yield connection
    finally:
        await close_quietly(connection)


async def _try(connection: AbstractConnection, what: str, step: Step) -> str | None:
    """None if `step` worked. On a channel of its own: a refusal closes the channel that asked."""
    try:
        async with broker_call():
            channel = await connection.channel(publisher_confirms=False)
            await step(channel)
            await channel.close()
            return None
    except amqp.ChannelClosed as error:
        return _mismatch(in_words(error)) or f"{what}: {in_words(error)}"
    except BROKER_ERRORS as error:
        raise BrokerUnavailable(f"the connection broke at {what}: {in_words(error)}") from error


def _mismatch(refusal: str) -> str | None:
    """What differs and what to do, from the broker's refusal to declare it; None when it refuses something else."""
    found = _DIFFERS.search(refusal)
    if found is None:
        return None
    kind, name, argument = found["kind"], found["name"], found["argument"]
    remedy = (
        f"a queue keeps what it was declared with: let its workers empty it, `rabbitmqctl delete_queue {name}`, "
        "and `campaigns init` again"
        if kind == "queue"
        else f"delete the {kind} {name} and `campaigns init` again"
    )
    return f"{kind} {name}: its {argument} is {_value(found['theirs'])}, ours is {_value(found['ours'])}; {remedy}"


def _value(text: str) -> str:
    found = _VALUE.match(text.strip())
    return found["value"] if found else text.strip()


def _exchange(name: str) -> Step:
    return lambda channel: channel.declare_exchange(name, ExchangeType.TOPIC, durable=True)


def _queue(queue: Queue) -> Step:
    return lambda channel: channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))


def _has_exchange(name: str) -> Step:
    return lambda channel: channel.get_exchange(name)


def _has_queue(name: str) -> Step:
    return lambda channel: channel.get_queue(name)


def _binding(binding: Binding) -> Step:
    async def bind(channel: AbstractChannel) -> None:
        queue = await channel.get_queue(binding.queue, ensure=False)
        await queue.bind(binding.exchange, binding.routing_key)

    return bind
