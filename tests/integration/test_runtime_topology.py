"""Declaring on a real broker."""

import aio_pika
import pytest

from domain.errors import BrokerUnavailable
from tests.integration.runtime_support import LEVELS_S, amqp
from workers.declaration import TopologyMismatch, declare, missing
from workers.topology import topology

WANTED = topology(("ping",), LEVELS_S)


async def test_declaring_twice_changes_nothing(amqp_url: str) -> None:
    assert set(await missing(amqp(amqp_url), WANTED)) == {
        "campaigns.in",
        "campaigns.feed",
        "ping",
        "ping.dead",
        "ping.wait.200ms",
        "ping.wait.500ms",
    }
    await declare(amqp(amqp_url), WANTED)
    await declare(amqp(amqp_url), WANTED)
    assert await missing(amqp(amqp_url), WANTED) == []


async def test_a_queue_with_other_arguments_is_named_and_the_others_are_declared(amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        await channel.declare_queue("ping", durable=True, arguments={"x-queue-type": "quorum"})
    with pytest.raises(TopologyMismatch, match=r"queue ping: .*inequivalent arg 'x-"):
        await declare(amqp(amqp_url), WANTED)
    assert await missing(amqp(amqp_url), WANTED) == []


async def test_wrong_credentials_are_said_to_be_wrong(amqp_url: str) -> None:
    wrong = amqp(amqp_url.replace("//", "//nobody:nothing@", 1) if "@" not in amqp_url else _other_user(amqp_url))
    with pytest.raises(BrokerUnavailable, match="user or password refused"):
        await declare(wrong, WANTED)


async def test_a_broker_that_is_not_there_is_said_to_be_away() -> None:
    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1: nothing listens there"):
        await declare(amqp("amqp://127.0.0.1:1/"), WANTED)


async def test_a_virtual_host_that_does_not_exist_is_named(amqp_url: str) -> None:
    with pytest.raises(BrokerUnavailable, match="nowhere"):
        await declare(amqp(amqp_url.rsplit("/", 1)[0] + "/nowhere"), WANTED)


def _other_user(url: str) -> str:
    scheme, rest = url.split("//", 1)
    return f"{scheme}//nobody:nothing@{rest.split('@', 1)[1]}"
