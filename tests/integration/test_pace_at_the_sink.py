"""X5 counted where it matters: how many mails come to the relay in a second, and whose."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from domain.campaign import CampaignStatus
from messages.send_requested import SendRequested
from tests.integration.timed_relay import timed_relay
from tests.integration.whole_way import SENDERS, world
from tests.integration.worker_process import process

#: Never side by side: what one of them takes of the machine would be lost to another's seconds.
pytestmark = pytest.mark.xdist_group("counted by the second")
REST = ("send-requested", "scheduler")
AS_DEPLOYED = {"sending__claim_window": "200", "sending__chains": "32", "sending__stall_s": "60"}


def named(campaign_id: str, count: int) -> list[str]:
    """People whose address says which campaign they are mailed by."""
    return [f"p{number}@{campaign_id}.example" for number in range(count)]


async def test_four_worker_processes_together_keep_a_limit_of_fifty_a_second(
    deployment: dict[str, str],
) -> None:
    """X5, on a machine that may be busy: it makes seconds poorer, never the sum richer. To 5 %, over minutes and on a
    virtual clock: tests/handlers/test_pace.py.
    """
    limit, lasts_s = 50, 20
    async with (
        timed_relay() as (port, arrived),
        world(deployment, *SENDERS, smtp_port=port, throttle__relay_per_s=str(limit), sending__chains="32") as here,
        here.working(*REST),
        AsyncExitStack() as workers,
    ):
        await here.reviewed(named("spring", limit * (lasts_s + 30)))
        for _ in range(4):
            await workers.enter_async_context(process(here, "send-batch"))
        await here.publish(SendRequested(campaign_id="spring"))
        began_s = await arrived.until(lambda _: True, 10 * limit, timeout_s=120) + 1  # all four are there by then
        await asyncio.sleep(began_s + lasts_s - time.monotonic())
        owners = await here.stores.database["slices"].distinct("owner", {"owner": {"$ne": None}})
    assert len(owners) == 4, "all have worked"
    found, whole = len(arrived.between(began_s, began_s + lasts_s)), limit * lasts_s
    assert 0.8 * whole <= found <= whole + 2 * limit
    per_second = [len(arrived.between(began_s + n, began_s + n + 1)) for n in range(lasts_s)]
    assert max(per_second) <= 3 * limit, "what a worker saved up while the machine was busy is a second's at most"
    recipients = [each.recipient for each in arrived.moments]
    assert len(set(recipients)) == len(recipients), "nobody twice"


async def test_two_campaigns_on_one_limited_relay_share_it_in_every_five_seconds(deployment: dict[str, str]) -> None:
    """Fairness: each has about a half, from the time when the second one joins; with batches as large as by default.

    40 to 60 % on a machine that has the time for it.
    """
    limit, window_s = 100, 5
    async with (
        timed_relay() as (port, arrived),
        world(deployment, *SENDERS, smtp_port=port, throttle__relay_per_s=str(limit), **AS_DEPLOYED) as here,
        here.working(*REST),
        here.working("send-batch"),
        here.working("send-batch"),
    ):
        for campaign_id in ("first", "second"):
            await here.reviewed(named(campaign_id, 3000), campaign_id)
        await here.publish(SendRequested(campaign_id="first"))
        await arrived.until(lambda who: who.endswith("@first.example"), 3 * limit)
        asked_s = time.monotonic()
        await here.publish(SendRequested(campaign_id="second"))
        joined_s = await arrived.until(lambda who: who.endswith("@second.example"))
        began_s = joined_s + 1
        await asyncio.sleep(began_s + 4 * window_s - time.monotonic())
    assert joined_s - asked_s < 3 * window_s, "it does not stand in line behind all of the first"
    for start in range(3 * window_s + 1):
        found = arrived.between(began_s + start, began_s + start + window_s)
        assert len(found) > limit * window_s / 4, "there is something to share"
        share = sum(who.endswith("@second.example") for who in found) / len(found)
        assert 0.35 <= share <= 0.65, f"{share:.2f} in the five seconds from {start}"


async def test_a_campaign_alone_gets_all_that_the_relay_takes(deployment: dict[str, str]) -> None:
    """Fairness takes nothing from who is alone."""
    async with (
        timed_relay() as (port, arrived),
        world(deployment, *SENDERS, smtp_port=port, throttle__relay_per_s="100", **AS_DEPLOYED) as here,
        here.working(*SENDERS),
    ):
        await here.reviewed(named("spring", 600))
        await here.publish(SendRequested(campaign_id="spring"))
        first_s = await arrived.until(lambda _: True)
        await here.until_status(CampaignStatus.SENT)
        last_s = await arrived.until(lambda _: True, 600)
    assert 5.3 <= last_s - first_s < 10, "with half of it, it would be twelve seconds"
