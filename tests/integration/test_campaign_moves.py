"""Pause, resume, stop and cancel act on all workers while most mails are still to come, and leave no row in doubt.

That each looks every second is proven on a clock of its own (tests/handlers/test_hold.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cli import context
from domain.campaign import CampaignStatus
from domain.email import EmailState
from domain.slices import SliceState
from handlers.campaign_moves import CampaignMoves
from messages.send_requested import SendRequested
from tests.integration.scripted_relay import ScriptedRelay
from tests.integration.whole_way import SENDERS, World, people, world
from tests.integration.worker_process import process
from tests.waiting import LONGEST_S, wait_until
from workers.resources import now

PEOPLE = 1500
QUIET_S = 1.0


@asynccontextmanager
async def under_load(deployment: dict[str, str]) -> AsyncIterator[tuple[World, ScriptedRelay, CampaignMoves]]:
    """Two worker processes in the midst of a campaign, on a server that takes 50 ms for each mail."""
    async with (
        ScriptedRelay(final_s=0.05) as relay,
        world(deployment, *SENDERS, smtp_port=relay.port) as here,
        here.working("send-requested", "scheduler"),
        process(here, "send-batch") as one,
        process(here, "send-batch") as other,
    ):
        for each in (one, other):
            await each.until("worker_started")
        await here.reviewed(people(PEOPLE))
        await here.publish(SendRequested(campaign_id="spring"))
        await some_taken(relay, 60)
        stores = here.stores
        yield here, relay, CampaignMoves(stores.campaigns, stores.emails, stores.slices, now)


async def some_taken(relay: ScriptedRelay, count: int) -> None:
    async def taken() -> bool:
        return len(relay.mails) >= count

    await wait_until(taken, timeout_s=60, what=f"{count} mails are taken")


async def until_quiet(here: World, relay: ScriptedRelay) -> int:
    """How many mails it has, once nobody holds a batch and none came for a second."""
    seen = -1

    async def quiet() -> bool:
        nonlocal seen
        before, seen = seen, len(relay.mails)
        await asyncio.sleep(QUIET_S)
        held = {SliceState.CLAIMED, SliceState.STARTED}
        is_free = all(each.state not in held for each in await here.stores.slices.unfinished("spring"))
        return is_free and before == seen == len(relay.mails)

    await wait_until(quiet, timeout_s=LONGEST_S, what="no more mails come")
    return seen


async def test_a_pause_holds_everywhere_and_a_resume_finishes(deployment: dict[str, str]) -> None:
    async with under_load(deployment) as (here, relay, moves):
        await moves.pause("spring", "typo")
        sent = await until_quiet(here, relay)
        assert sent < PEOPLE
        books = await here.books()
        assert (books.count(EmailState.SENT), books.open) == (sent, PEOPLE - sent)
        relay.final_s = 0
        await context.publish(here.settings, await moves.resume("spring"))
        await here.until_status(CampaignStatus.SENT)
        assert (await here.books()).states == {EmailState.SENT: PEOPLE}
        assert sorted(relay.recipients) == sorted(people(PEOPLE)), "everybody once"


@pytest.mark.parametrize("move", ["stop", "cancel"])
async def test_an_early_end_holds_everywhere_and_the_books_balance(deployment: dict[str, str], move: str) -> None:
    async with under_load(deployment) as (here, relay, moves):
        await getattr(moves, move)("spring", "wrong price")
        sent = await until_quiet(here, relay)

        async def settled() -> bool:
            return (await here.books()).closed

        await wait_until(settled, timeout_s=60, what="the rest is skipped")
        books = await here.books()
        assert books.states == {EmailState.SENT: sent, EmailState.SKIPPED: PEOPLE - sent}
        assert books.skips == {"cancelled": PEOPLE - sent}
        assert len(relay.mails) == sent < PEOPLE
