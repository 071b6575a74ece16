"""Worker processes as they are deployed: told to stop, killed, asked how they are."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from contextlib import AsyncExitStack

from domain.campaign import CampaignStatus
from domain.email import EmailState
from gateways.catcher import Catcher, CatcherOptions
from messages.send_requested import SendRequested
from tests.integration.whole_way import SENDERS, people, some_sent, world
from tests.integration.worker_process import process
from tests.waiting import wait_until
from workers.options import batch_size

SEND = SendRequested(campaign_id="spring")
REST = ("send-requested", "scheduler")


async def test_sigterm_under_load_finishes_what_was_begun_and_the_next_process_goes_on(
    deployment: dict[str, str],
) -> None:
    """Exit code 0; no row is left in doubt, nobody is mailed twice."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, throttle__relay_per_s="200") as here,
        here.working(*REST),
    ):
        await here.reviewed(people(600))
        async with process(here, "send-batch") as first:
            await here.publish(SEND)
            await some_sent(catcher, 60)
            await first.stopped()
        left, total = await here.books(), catcher.accepted.total()
        assert left.balanced
        assert left.count(EmailState.SENT) == total < 600
        async with process(here, "send-batch"):
            await here.until_status(CampaignStatus.SENT)
        assert (await here.books()).states == {EmailState.SENT: 600}
        await here.assert_each_once(catcher)


async def test_a_rolling_upgrade_under_load_mails_everybody_once_and_leaves_nobody_in_doubt(
    deployment: dict[str, str],
) -> None:
    """Each new process is there before the old one is told to stop; each old one ends with exit code 0."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port) as here,
        AsyncExitStack() as until_the_end,
    ):
        await here.reviewed(people(1200))
        old = await until_the_end.enter_async_context(process(here, *SENDERS))
        await here.publish(SEND)
        for share in (100, 400, 700):
            await some_sent(catcher, share)
            new = await until_the_end.enter_async_context(process(here, *SENDERS))
            await new.until("worker_started")
            await old.stopped()
            old = new
        await here.until_status(CampaignStatus.SENT, timeout_s=60)
        assert (await here.books()).states == {EmailState.SENT: 1200}
        await here.assert_each_once(catcher)
        assert await here.stores.parked.counts() == {}


async def test_a_send_worker_that_is_killed_leaves_few_in_doubt_and_mails_nobody_twice(
    deployment: dict[str, str],
) -> None:
    """X1, X2: at most the claim window is in doubt; the books balance, and the others are all sent."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port) as here,
        here.working(*REST),
    ):
        rows = await here.reviewed(people(600))
        async with process(here, "send-batch") as first:
            await here.publish(SEND)
            await some_sent(catcher, 100)
            await first.killed()
        async with process(here, "send-batch"):
            await here.until_status(CampaignStatus.SENT, timeout_s=60)
        books = await here.books()
        assert books.closed
        assert set(books.states) <= {EmailState.SENT, EmailState.IN_DOUBT}
        doubtful = await here.rows(EmailState.IN_DOUBT)
        assert len(doubtful) <= here.settings.sending.claim_window
        assert max(catcher.accepted.values()) == 1, "nobody twice"
        ledger = {row.address for row in await here.rows(EmailState.SENT)}
        caught = set(catcher.accepted)
        assert ledger <= caught
        assert caught - ledger <= {row.address for row in doubtful}, "who may have it is in doubt, and nobody else"
        assert ledger | {row.address for row in doubtful} == {row.address for row in rows}


async def test_a_process_says_how_it_is(deployment: dict[str, str]) -> None:
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port) as here,
        process(here, *SENDERS) as worker,
    ):
        port = json.loads(await worker.until("health_port"))["port"]

        async def is_ready() -> bool:
            return (await asked(port, "ready")).startswith("200 ready")

        await wait_until(is_ready, timeout_s=60, what="it is ready")
        assert (await asked(port, "live")).startswith("200 event loop ran")
        await here.reviewed(people(2 * batch_size(here.settings)))
        await here.publish(SEND)
        await here.until_status(CampaignStatus.SENT)
        metrics = await asked(port, "metrics")
        assert 'campaigns_messages_total{outcome="done",queue="send-batch"} 2.0' in metrics
        assert "campaigns_loop_age_seconds" in metrics
        assert (await asked(port, "nowhere")).startswith("404 there are /live, /ready and /metrics")


async def asked(port: int, page: str) -> str:
    """Status and text of a page of the health port."""

    def ask() -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5) as answer:
                return f"{answer.status} {answer.read().decode()}"
        except urllib.error.HTTPError as error:
            with error:
                return f"{error.code} {error.read().decode()}"

    return await asyncio.to_thread(ask)
