"""Declaring on a real broker."""

import aio_pika
import pytest

from domain.errors import BrokerUnavailable
from tests.integration.runtime_support import LEVELS_S, amqp
from tests.integration.whole_way import world
from tests.integration.worker_process import process
from workers.declaration import TopologyMismatch, declare, differing, missing
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
    with pytest.raises(TopologyMismatch, match="queue ping: its x-dead-letter-exchange is none, ours is ''"):
        await declare(amqp(amqp_url), WANTED)
    assert await missing(amqp(amqp_url), WANTED) == []


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("x-delivery-limit", 20, "its x-delivery-limit is '20', ours is '50'"),
        ("x-overflow", "drop-head", "its x-overflow is 'drop-head', ours is 'reject-publish'"),
        ("x-dead-letter-strategy", None, "its x-dead-letter-strategy is none, ours is 'at-least-once'"),
    ],
)
async def test_what_differs_is_said_with_both_values_and_how_to_mend_it(
    amqp_url: str, argument: str, value: object, says: str
) -> None:
    (ping,) = [queue for queue in WANTED.queues if queue.name == "ping"]
    theirs = {name: given for name, given in {**ping.arguments, argument: value}.items() if given is not None}
    await declared_as(amqp_url, "ping", theirs)
    found = await differing(amqp(amqp_url), WANTED)
    assert len(found) == 1
    assert f"queue ping: {says}; a queue keeps what it was declared with" in found[0]
    assert "`rabbitmqctl delete_queue ping`, and `campaigns init` again" in found[0]
    assert "ping.dead" in await missing(amqp(amqp_url), WANTED), "looking creates nothing"


async def test_init_and_check_say_it_and_workers_work_all_the_same(deployment: dict[str, str]) -> None:
    """A mismatch is a message, not a crash loop: workers ask whether a queue is there, never what it is like."""
    url = deployment["CAMPAIGNS_AMQP__URL"]
    await declared_as(url, "send-requested", {"x-queue-type": "quorum", "x-delivery-limit": 7})
    says = "queue send-requested: its x-de"
    async with world(deployment, "test-requested", smtp_port=1) as here:
        for command, code in (("init", 1), ("check", 3)):  # 3: nobody is the relay here
            ran = await here.run(command)
            assert (ran.code, "Traceback" in ran.err) == (code, False), ran
            assert says in ran.text
        async with process(here, "send-requested") as worker:
            await worker.until('"link": "consuming send-requested"')


async def declared_as(url: str, queue: str, arguments: dict[str, object]) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(queue, durable=True, arguments=arguments)  # type: ignore[arg-type] # any of AMQP's


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
