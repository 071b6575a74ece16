"""Servers that are away, that go away, and that do not let us in: said in words, and nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import pytest

from cli.embedded import ports
from domain.campaign import CampaignStatus
from domain.email import EmailState
from gateways.catcher import Catcher, CatcherOptions
from messages.send_requested import SendRequested
from tests.integration.scripted_relay import ScriptedRelay
from tests.integration.test_processes import asked
from tests.integration.whole_way import SENDERS, people, some_sent, world
from tests.integration.worker_process import process
from tests.servers import Control
from tests.waiting import wait_until

SEND = SendRequested(campaign_id="spring")
NOBODY = "127.0.0.1:1"


@asynccontextmanager
async def away(end: Callable[[], None], begin: Callable[[], None]) -> AsyncIterator[None]:
    """A server that is not there for a while; whatever happens, the next test finds it again."""
    await asyncio.to_thread(end)
    try:
        yield
    finally:
        await asyncio.to_thread(begin)


async def test_a_relay_that_is_away_at_the_start_is_waited_for_and_uses_up_no_try(deployment: dict[str, str]) -> None:
    port = ports.any_free()
    async with (
        world(deployment, *SENDERS, smtp_port=port, workers__hold_s="0.5") as here,
        here.working(*SENDERS),
    ):
        await here.reviewed(people(60))
        await here.publish(SEND)
        await here.until_status(CampaignStatus.SENDING)
        await asyncio.sleep(2)  # longer than a message is held in hand: they wait in a queue now
        assert (await here.books()).open == 60
        async with Catcher(CatcherOptions(port=port)) as catcher:
            await here.until_status(CampaignStatus.SENT)
            await here.assert_each_once(catcher)
        sent = await here.rows(EmailState.SENT)
        assert {row.attempts for row in sent} == {1}
        assert len(sent) == 60
        assert await here.stores.parked.counts() == {}


async def test_a_relay_that_refuses_our_login_is_told_by_check_and_by_the_worker(deployment: dict[str, str]) -> None:
    async with (
        ScriptedRelay(extensions=("PIPELINING", "AUTH PLAIN LOGIN")) as relay,
        world(
            deployment, *SENDERS, smtp_port=relay.port, smtp__username="user", smtp__password="wrong", smtp__tls="none"
        ) as here,
    ):
        await here.reviewed(people(20))
        says = f"the SMTP relay 127.0.0.1:{relay.port} refuses the login: 535 5.7.8 wrong password"
        ran = await here.run("check")
        assert ran.code == 3
        assert f"{says}; check its username and password" in ran.text
        async with process(here, "send-batch") as log, here.working("send-requested", "scheduler"):
            await here.publish(SEND)
            await log.until(says)
        assert (await here.books()).open == 20
        assert await here.stores.parked.counts() == {}


WRONG_AMQP = {
    "password": "user or password refused",
    "vhost": "virtual host nowhere does not exist, or this user may not use it",
    "host": "nothing listens there (connection refused)",
}


@pytest.mark.parametrize("wrong", WRONG_AMQP)
async def test_a_rabbitmq_that_does_not_let_us_in_is_told_and_waited_for(
    deployment: dict[str, str], wrong: str
) -> None:
    url = urlsplit(deployment["CAMPAIGNS_AMQP__URL"])
    place = NOBODY if wrong == "host" else f"{url.hostname}:{url.port}"
    urls = {
        "password": url._replace(netloc=f"{url.username}:no@{place}"),
        "vhost": url._replace(path="/nowhere"),
        "host": url._replace(netloc=place),
    }
    says = f"RabbitMQ at {place}: {WRONG_AMQP[wrong]}"
    async with world(deployment, "send-requested", smtp_port=1) as here:
        broken = here.with_settings(amqp__url=urls[wrong].geturl())
        ran = await broken.run("check")
        assert ran.code == 3
        assert says in ran.text, ran.text
        async with process(broken, "send-requested") as log:
            await log.until(says)


@pytest.mark.parametrize("wrong", ["credentials", "host"])
async def test_a_mongodb_that_does_not_let_us_in_is_told_and_waited_for(deployment: dict[str, str], wrong: str) -> None:
    url = urlsplit(deployment["CAMPAIGNS_MONGO__URL"])
    urls = {
        "credentials": url._replace(netloc=f"us:wrong@{url.netloc}").geturl(),
        "host": f"mongodb://{NOBODY}/?replicaSet=rs0",
    }
    says = {
        "credentials": "MongoDB refuses this user and password; check them, and authSource, in its URL",
        "host": f"MongoDB does not answer: {NOBODY}",
    }[wrong]
    async with world(deployment, "send-requested", smtp_port=1, workers__hold_s="0.3") as here:
        await here.reviewed(people(1))
        broken = here.with_settings(mongo__url=urls[wrong])
        ran = await broken.run("check")
        assert ran.code == 3
        assert says in ran.text, ran.text
        shown = await broken.run("campaign", "show", "spring")
        assert shown.code == 3
        assert says in shown.text
        await here.publish(SEND)
        async with process(broken, "send-requested") as log:
            await log.until(says)
        assert await here.stores.parked.counts() == {}
        assert (await here.campaign()).status is CampaignStatus.REVIEWED


@pytest.mark.needs_control
async def test_mongodb_killed_under_load_loses_nobody_and_mails_nobody_twice(
    deployment: dict[str, str], control: Control
) -> None:
    """What was sent while it was away is stored when it is back: contracts.md, slices and kills."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, sending__lease_s="30") as here,
        here.working(*SENDERS),
    ):
        await here.reviewed(people(400))
        await here.publish(SEND)
        await some_sent(catcher, 60)
        async with away(control.kill_store, control.start_store):
            await asyncio.sleep(1)
        await here.until_status(CampaignStatus.SENT, timeout_s=60)
        books = await here.books()
        assert books.states == {EmailState.SENT: 400}
        await here.assert_each_once(catcher)
        assert await here.stores.parked.counts() == {}


@pytest.mark.needs_control
async def test_mongodb_away_for_longer_than_a_lease_mails_nobody_twice_and_the_books_balance(
    deployment: dict[str, str], control: Control
) -> None:
    """A worker that cannot renew its lease begins no mail; others may take its silence for its death (in doubt)."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, sending__lease_s="3") as here,
        here.working("send-requested", "scheduler"),
        here.working("send-batch"),
        here.working("send-batch"),
    ):
        await here.reviewed(people(400))
        await here.publish(SEND)
        await some_sent(catcher, 60)
        async with away(control.kill_store, control.start_store):
            await asyncio.sleep(4)
        await here.until_status(CampaignStatus.SENT, timeout_s=60)
        books = await here.books()
        assert books.closed
        doubtful = {row.address for row in await here.rows(EmailState.IN_DOUBT)}
        assert len(doubtful) <= 2 * here.settings.sending.claim_window
        assert books.count(EmailState.SENT) + len(doubtful) == 400
        assert max(catcher.accepted.values()) == 1
        ledger = {row.address for row in await here.rows(EmailState.SENT)}
        assert ledger <= set(catcher.accepted)
        assert set(catcher.accepted) - ledger <= doubtful


@pytest.mark.needs_control
async def test_rabbitmq_restarted_under_load_loses_nobody_and_mails_nobody_twice(
    deployment: dict[str, str], control: Control
) -> None:
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port) as here,
        here.working(*SENDERS),
        here.working("send-batch"),
    ):
        await here.reviewed(people(400))
        await here.publish(SEND)
        await some_sent(catcher, 60)
        async with away(control.stop_broker, control.start_broker):
            pass
        await here.until_status(CampaignStatus.SENT, timeout_s=60)
        assert (await here.books()).states == {EmailState.SENT: 400}
        await here.assert_each_once(catcher)


@pytest.mark.needs_control
async def test_both_killed_at_once_under_load_lose_nobody_and_mail_nobody_twice(
    deployment: dict[str, str], control: Control
) -> None:
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, sending__lease_s="60") as here,
        here.working(*SENDERS),
    ):
        await here.reviewed(people(400))
        await asyncio.sleep(1.5)  # RabbitMQ 3.10: quorum queues younger than a second do not survive a kill
        await here.publish(SEND)
        await some_sent(catcher, 60)
        async with away(control.kill_store, control.start_store), away(control.kill_broker, control.start_broker):
            await asyncio.sleep(1)
        await here.until_status(CampaignStatus.SENT, timeout_s=90)
        assert (await here.books()).states == {EmailState.SENT: 400}
        await here.assert_each_once(catcher)
        assert await here.stores.parked.counts() == {}


@pytest.mark.needs_control
async def test_a_worker_whose_mongodb_is_away_is_not_ready_and_rests(
    deployment: dict[str, str], control: Control
) -> None:
    async with (
        world(deployment, "send-requested", smtp_port=1, workers__hold_s="0.3") as here,
        process(here, "send-requested") as worker,
    ):
        port = json.loads(await worker.until("health_port"))["port"]
        await wait_until(lambda: says(port, "200 ready"), timeout_s=60, what="ready")
        await here.reviewed(people(1))
        async with away(control.kill_store, control.start_store):
            await here.publish(SEND)
            await worker.until("circuit_open")
            await wait_until(lambda: says(port, "503", "send-requested rests: MongoDB"), timeout_s=60, what="it rests")
            await wait_until(lambda: says(port, "MongoDB: MongoDB does not answer"), timeout_s=60, what="asked")
            assert 'campaigns_circuit_open{queue="send-requested"} 1.0' in await asked(port, "metrics")
        await here.until_status(CampaignStatus.SENDING)
        await wait_until(lambda: says(port, "200 ready"), timeout_s=60, what="ready again")


async def says(port: int, *words: str) -> bool:
    answer = await asked(port, "ready")
    return all(word in answer for word in words)


@pytest.mark.needs_control
async def test_workers_started_before_rabbitmq_wait_for_it_and_say_so(
    deployment: dict[str, str], control: Control
) -> None:
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port) as here,
    ):
        await here.reviewed(people(60))
        await here.publish(SEND)
        async with AsyncExitStack() as until_the_end:
            async with away(control.stop_broker, control.start_broker):
                log = await until_the_end.enter_async_context(process(here, *SENDERS))
                await log.until("nothing listens there (connection refused)")
                ran = await here.run("status")
                assert ran.code == 3
                assert "`campaigns check` says what is away and how to mend it" in ran.text
            await here.until_status(CampaignStatus.SENT, timeout_s=60)
        await here.assert_each_once(catcher)
        assert catcher.accepted.total() == 60
