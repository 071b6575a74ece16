"""What must not wait for a big campaign: test mails, urgent batches; and who leaves while it is under way."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from domain.campaign import CampaignStatus
from domain.email import EmailState
from messages.delivery_event import DeliveryEvent, EventType
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested
from messages.test_requested import TestRequested
from tests.integration.scripted_relay import ScriptedRelay
from tests.integration.timed_relay import timed_relay
from tests.integration.whole_way import SENDERS, World, people, world
from tests.waiting import LONGEST_S, wait_until
from workers.resources import now

TESTER = "tester@green.example"
STEP = [f"p{number}@step.example" for number in range(5)]
SPRING = SendRequested(campaign_id="spring")


async def under_way(here: World, campaign_id: str, addresses: list[str]) -> None:
    """A campaign that is being sent, with no batch offered to anybody."""
    await here.reviewed(addresses, campaign_id)
    found = await here.campaign(campaign_id)
    await here.stores.slices.plan(campaign_id, range(found.slices))
    sending = replace(found, status=CampaignStatus.SENDING, status_at=now(), chains=1)
    await here.stores.campaigns.save(sending, expected={CampaignStatus.REVIEWED})


async def test_test_mails_and_urgent_batches_pass_a_campaign_to_twenty_thousand(deployment: dict[str, str]) -> None:
    """Each before half of it is out, while 32 of its batches stand in line for all that its destination takes."""
    names = (*SENDERS, "test-requested")
    async with (
        timed_relay() as (port, arrived),
        world(
            deployment, *names, smtp_port=port, throttle__groups='{"other": {"per_s": 100}}', sending__stall_s="60",
            sending__claim_window="200", sending__chains="32",
        ) as here,
        here.working(*names),
    ):  # fmt: skip
        await here.reviewed(people(20_000))
        await under_way(here, "step", STEP)
        await here.publish(SPRING)
        await arrived.until(lambda who: who.endswith("@crm.example"), 300)
        for number in range(3):
            await here.publish(TestRequested(campaign_id="spring", addresses=[TESTER], request_id=f"t{number}"))
            await arrived.until(lambda who: who == TESTER, number + 1)
        await here.publish(SendBatch(campaign_id="step", slice=0, urgent=True))
        await arrived.until(lambda who: who in STEP, len(STEP))
        assert (await here.campaign()).status is CampaignStatus.SENDING
    assert len([each for each in arrived.moments if each.recipient.endswith("@crm.example")]) < 10_000


async def taken(relay: ScriptedRelay, count: int) -> bool:
    return len(relay.mails) >= count


async def test_who_unsubscribes_while_the_campaign_is_under_way_is_skipped_in_a_later_batch(
    deployment: dict[str, str],
) -> None:
    """D9, R71: eligibility is decided again when a batch is claimed."""
    names = (*SENDERS, "delivery-event")
    async with (
        ScriptedRelay(answers=asyncio.Semaphore(10)) as relay,  # ten are taken, and no more before they have left
        world(deployment, *names, smtp_port=relay.port, sending__chains="1") as here,
        here.working(*names),
    ):
        rows = await here.reviewed(people(200))
        leaving = rows[150:160]
        await here.publish(SPRING)
        await wait_until(lambda: taken(relay, 10), timeout_s=LONGEST_S, what="ten are taken")
        told = {"event": EventType.UNSUBSCRIBED, "occurred_at": now()}
        await here.publish(*[DeliveryEvent(event_id=f"out-{row.id}", email_id=row.id, **told) for row in leaving])

        async def out() -> bool:
            found = await here.stores.contacts.load([row.contact_id for row in leaving])
            return all(contact.opt_out is not None for contact in found.values())

        await wait_until(out, timeout_s=60, what="ten have opted out")
        relay.let(190)
        await here.until_status(CampaignStatus.SENT)
        books = await here.books()
    assert books.closed
    assert books.states == {EmailState.SENT: 190, EmailState.SKIPPED: 10}
    assert books.skips == {"opted_out": 10}
    assert not {row.address for row in leaving} & set(relay.recipients)
