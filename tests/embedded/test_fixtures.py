"""What every other test relies on, whichever tier the servers are of."""

import asyncio
from typing import Any

import aio_pika
import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase
from pamqp.common import FieldTable

from tests.servers import Control, ServersMissing, Tier, forced_tier
from tests.waiting import wait_for

#: RabbitMQ 3.10 writes down where a new quorum queue lives about a second later. Killed before, the queue is there
#: after the restart and answers nobody.
OLD_ENOUGH_S = 2

QUORUM: FieldTable = {"x-queue-type": "quorum"}


@pytest.mark.parametrize("_", [1, 2])
async def test_every_test_has_a_virtual_host_of_its_own(amqp_url: str, _: int) -> None:
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("record-changed", durable=True, arguments=QUORUM)
        assert queue.declaration_result.message_count == 0
        await channel.default_exchange.publish(aio_pika.Message(b"left behind"), queue.name)


@pytest.mark.parametrize("_", [1, 2])
async def test_every_test_has_a_database_of_its_own(mongo_database: AsyncIOMotorDatabase[Any], _: int) -> None:
    assert await mongo_database.list_collection_names() == []
    await mongo_database["things"].insert_one({"_id": "left behind"})


async def test_the_store_takes_transactions(mongo_database: AsyncIOMotorDatabase[Any]) -> None:
    async with await mongo_database.client.start_session() as session, session.start_transaction():
        await mongo_database["things"].insert_one({"n": 1}, session=session)
    assert await mongo_database["things"].count_documents({}) == 1


@pytest.mark.needs_control
async def test_a_killed_broker_comes_back_at_the_same_address_with_its_queues(amqp_url: str, control: Control) -> None:
    await _publish(amqp_url, "kept")
    await asyncio.sleep(OLD_ENOUGH_S)
    control.kill_broker()
    control.start_broker()
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        message = await (await channel.get_queue("kept")).get(timeout=10)
        assert message.body == b"1"
        await message.ack()


@pytest.mark.needs_control
async def test_a_killed_store_comes_back_at_the_same_address_with_its_documents(
    mongo_database: AsyncIOMotorDatabase[Any], control: Control
) -> None:
    await mongo_database["things"].insert_one({"n": 1})
    control.kill_store()
    control.start_store()
    assert await mongo_database["things"].count_documents({}) == 1


@pytest.mark.parametrize(
    ("environment", "error"),
    [
        ({"TEST_AMQP_URL": "amqp://somewhere"}, "only TEST_AMQP_URL is set"),
        ({"TEST_SERVICES": "url"}, "needs TEST_AMQP_URL and TEST_MONGO_URL"),
        ({"TEST_SERVICES": "podman"}, "one of auto, url, docker, native"),
    ],
)
def test_a_tier_that_cannot_be_had_is_an_error(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], error: str
) -> None:
    _set(monkeypatch, environment)
    with pytest.raises(ServersMissing, match=error):
        forced_tier()


def test_given_addresses_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, {"TEST_AMQP_URL": "amqp://somewhere", "TEST_MONGO_URL": "mongodb://somewhere"})
    assert forced_tier() is Tier.URL


def test_waiting_in_vain_names_what_was_waited_for() -> None:
    with pytest.raises(TimeoutError, match="the moon: not within"):
        wait_for(lambda: False, timeout_s=0.1, what="the moon")


def _set(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name in ("TEST_AMQP_URL", "TEST_MONGO_URL", "TEST_SERVICES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


async def _publish(amqp_url: str, queue: str) -> None:
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        await channel.declare_queue(queue, durable=True, arguments=QUORUM)
        await channel.default_exchange.publish(
            aio_pika.Message(b"1", delivery_mode=aio_pika.DeliveryMode.PERSISTENT), queue
        )
