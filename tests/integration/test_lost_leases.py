"""Workers that are frozen for longer than their lease, and workers that are killed: counted at the mail server."""

from __future__ import annotations

import asyncio
import signal

from domain.campaign import CampaignStatus
from domain.email import EmailState
from domain.slices import SliceState
from gateways.catcher import Catcher, CatcherOptions
from messages.send_requested import SendRequested
from tests.integration.whole_way import SENDERS, World, people, world
from tests.integration.worker_process import frozen_in_a_batch, process, reached
from tests.waiting import wait_until

SEND = SendRequested(campaign_id="spring")
REST = ("send-requested", "scheduler")
KILLS = 3


async def some_in_doubt(here: World) -> bool:
    return bool(await here.rows(EmailState.IN_DOUBT))


async def test_a_worker_that_was_frozen_for_longer_than_its_lease_sends_nothing_more(
    deployment: dict[str, str],
) -> None:
    """SIGSTOP in the middle of a batch; others finish the campaign; SIGCONT: nobody has a mail twice."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, throttle__relay_per_s="200") as here,
        here.working(*REST),
        process(here, "send-batch") as frozen,
    ):
        rows = await here.reviewed(people(600))
        await here.publish(SEND)
        await reached(catcher, 60)
        await frozen_in_a_batch(here, frozen)
        async with process(here, "send-batch"):
            await wait_until(lambda: some_in_doubt(here), timeout_s=60, what="its batches are given up")
            await here.until_status(CampaignStatus.SENT, timeout_s=60)
            doubtful = len(await here.rows(EmailState.IN_DOUBT))
            had = catcher.accepted.total()
            frozen.running.send_signal(signal.SIGCONT)
            await asyncio.sleep(2)  # whatever it would still send, it would send now
            assert max(catcher.accepted.values()) == 1, "nobody twice"
            after = catcher.accepted.total() - had
        await frozen.stopped()
        settled = doubtful - len(await here.rows(EmailState.IN_DOUBT))
        print(f"\nfrozen worker: {doubtful} in doubt, {after} of their mails ended after it woke up, {settled} settled")
        assert 0 < doubtful <= here.settings.sending.claim_window
        # one per connection that waits for its answer, and the next one that was begun with it
        assert after <= 2 * here.settings.smtp.max_connections, "only what was on the wire"
        books = await here.books()
        assert books.closed
        assert sum(books.states.values()) == len(rows)
        assert max(catcher.accepted.values()) == 1


async def test_every_kill_under_load_leaves_at_most_the_claim_window_in_doubt(deployment: dict[str, str]) -> None:
    """X1: kill -9, three times; the bound is the setting, and it is printed how far from it each kill was."""
    async with (
        Catcher(CatcherOptions()) as catcher,
        world(deployment, *SENDERS, smtp_port=catcher.port, sending__claim_window="120") as here,
        here.working(*REST),
    ):
        rows = await here.reviewed(people(2000))
        window, left = here.settings.sending.claim_window, []
        await here.publish(SEND)
        for number in range(KILLS):
            before = len(await here.rows(EmailState.IN_DOUBT))
            async with process(here, "send-batch") as victim:
                await reached(catcher, catcher.accepted.total() + 90 + 30 * number)
                await victim.killed()
            await wait_until(lambda: all_given_up(here), timeout_s=60, what="what it held is given up")
            left.append(len(await here.rows(EmailState.IN_DOUBT)) - before)
        async with process(here, "send-batch"):
            await here.until_status(CampaignStatus.SENT, timeout_s=60)
        print(f"\nin doubt after each of {KILLS} kills: {left}; the claim window is {window}")
        assert max(left) <= window
        assert max(catcher.accepted.values()) == 1, "nobody twice"
        books = await here.books()
        assert books.closed
        assert set(books.states) <= {EmailState.SENT, EmailState.IN_DOUBT}
        assert sum(books.states.values()) == len(rows)
        missed = {row.address for row in rows} - set(catcher.accepted)
        assert missed <= {row.address for row in await here.rows(EmailState.IN_DOUBT)}, (
            "nobody missed who is not listed"
        )


async def all_given_up(here: World) -> bool:
    """Whether nothing is held: the only send worker is dead, and the scheduler has looked at what it held."""
    held = {SliceState.STARTED}
    return not [each for each in await here.stores.slices.abandoned("spring") if each.state in held] and not [
        number
        for number in await here.stores.emails.open_slices("spring")
        if (found := await here.stores.slices.holding("spring", number)) and found.state in held
    ]
