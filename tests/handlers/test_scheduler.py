"""What time brings."""

from __future__ import annotations

from dataclasses import replace

from domain.campaign import CampaignStatus
from domain.email import EmailState
from domain.slices import SliceState
from domain.smtp_reply import Reply
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested
from tests.builders import a_campaign, later
from tests.fakes.relay import MemoryRelay
from tests.handlers.sending import World, numbers, person

FULL = Reply(452, "4.2.2 mailbox full")
OK = Reply(250, "2.0.0 ok")


async def test_deferred_emails_are_sent_again_when_they_are_due_and_not_before() -> None:
    relay = MemoryRelay({person(0): [FULL, FULL, OK]})
    world = await World(count=2, relay=relay).planned()
    await world.send(0)
    scheduler = world.scheduler()
    assert await scheduler.tick() == []
    world.pass_time(900)
    (offer,) = numbers(await scheduler.tick())
    assert offer == 1
    assert await scheduler.tick() == []  # it is in a batch now
    assert await world.send(1) == []  # a retry is in no chain
    assert (world.row(0).state, world.row(0).attempts, world.row(0).next_at) == (EmailState.DEFERRED, 2, later(2700))
    world.pass_time(1800)
    await world.send_all(numbers(await scheduler.tick()))
    assert world.states == {EmailState.SENT: 2}


async def test_a_campaign_whose_emails_have_all_ended_is_sent() -> None:
    world = await World().planned()
    await world.send_all([0, 1])
    assert await world.scheduler().tick() == []
    assert world.campaigns.stored["spring"].status is CampaignStatus.SENT


async def test_a_campaign_with_deferred_emails_is_not_sent_yet() -> None:
    world = await World(count=2, relay=MemoryRelay({person(0): [FULL]})).planned()
    await world.send(0)
    await world.scheduler().tick()
    assert world.campaigns.stored["spring"].status is CampaignStatus.SENDING


async def test_a_campaign_whose_books_do_not_balance_is_kept() -> None:
    world = await World(count=2).planned()
    await world.send(0)
    del world.emails.stored[world.row(0).id]
    await world.scheduler().tick()
    assert world.campaigns.stored["spring"].status is CampaignStatus.SENDING


async def test_only_the_holder_of_the_lease_works() -> None:
    world = await World().planned()
    await world.send_all([0, 1])
    await world.leases.take("scheduler", "another", 30)
    await world.scheduler().tick()
    assert world.campaigns.stored["spring"].status == "sending"
    world.pass_time(31)
    await world.scheduler().tick()
    assert world.campaigns.stored["spring"].status == "sent"


async def test_a_chain_whose_message_died_is_begun_again_where_it_stands() -> None:
    world = await World(count=12, per_slice=2, chains=2).planned()
    await world.send(0)  # chain 0 stands at 2, chain 1 at 1
    scheduler = world.scheduler()
    assert await scheduler.tick() == []
    world.pass_time(59)
    assert await scheduler.tick() == []
    world.pass_time(1)
    assert numbers(await scheduler.tick()) == [1, 2]
    assert await scheduler.tick() == []
    world.pass_time(60)
    assert numbers(await scheduler.tick()) == [1, 2]


async def test_a_chain_that_moves_is_left_alone() -> None:
    world = await World(count=12, per_slice=2, chains=1).planned()
    scheduler = world.scheduler()
    for number in range(5):
        assert await scheduler.tick() == []
        await world.send(number)
        world.pass_time(40)


async def test_a_batch_of_a_killed_worker_is_put_in_doubt_if_begun_and_sent_if_not() -> None:
    world = await World(count=8, per_slice=2, chains=2).planned()
    _, begun = await world.slices.claim("spring", 0, "killed", 60)
    await world.slices.start(begun, 60)
    await world.slices.claim("spring", 1, "killed", 60)
    scheduler = world.scheduler()
    assert await scheduler.tick() == []
    world.pass_time(61)
    offered = numbers(await scheduler.tick())
    assert sorted(n for n in offered if n is not None) == [0, 1]
    assert world.states == {EmailState.IN_DOUBT: 2, EmailState.PLANNED: 6}
    assert world.slices.stored["spring:0"].state is SliceState.DONE
    await world.send_all(offered)
    assert world.states == {EmailState.IN_DOUBT: 2, EmailState.SENT: 6}
    world.pass_time(10)
    await scheduler.tick()
    assert world.campaigns.stored["spring"].status is CampaignStatus.SENT  # in doubt is an end of its own (X2)


async def test_a_due_batch_whose_message_was_lost_is_offered_again() -> None:
    world = await World(count=2, relay=MemoryRelay({person(0): [FULL, OK]})).planned()
    await world.send(0)
    world.pass_time(900)
    scheduler = world.scheduler()
    assert numbers(await scheduler.tick()) == [1]
    assert await scheduler.tick() == []
    world.pass_time(61)
    assert numbers(await scheduler.tick()) == [1]


async def test_no_more_retries_are_under_way_than_a_campaign_has_chains() -> None:
    world = World(count=9, per_slice=9, chains=2, relay=MemoryRelay({person(n): [FULL] for n in range(9)}))
    await world.planned()
    await world.send(0)
    world.pass_time(1200)
    scheduler = replace(world.scheduler(), batch_size=3)
    assert numbers(await scheduler.tick()) == [1, 2]
    assert numbers(await scheduler.tick()) == []
    await world.send(1)
    assert numbers(await scheduler.tick()) == [3]


async def test_a_scheduled_campaign_is_begun_when_its_time_has_come() -> None:
    world = World()
    world.campaigns.stored = {"spring": a_campaign(status=CampaignStatus.SCHEDULED, send_at=later(100))}
    scheduler = world.scheduler()
    assert await scheduler.tick() == []
    world.pass_time(100)
    (message,) = await scheduler.tick()
    assert isinstance(message, SendRequested)
    assert message.campaign_id == "spring"
    assert await scheduler.tick() == []
    world.pass_time(60)
    assert len(await scheduler.tick()) == 1


async def test_nothing_of_a_paused_campaign_is_offered() -> None:
    world = await World().planned()
    world.status(CampaignStatus.PAUSED)
    scheduler = world.scheduler()
    await scheduler.tick()
    world.pass_time(600)
    assert await scheduler.tick() == []


async def test_a_stopped_campaign_is_settled_once_workers_let_go() -> None:
    world = await World(count=4, per_slice=2).planned()
    await world.slices.claim("spring", 0, "worker", 60)
    stopped = world.campaigns.stored["spring"].moved_to(CampaignStatus.STOPPED, "by hand", at=world.now)
    world.campaigns.stored["spring"] = stopped
    scheduler = world.scheduler()
    await scheduler.tick()
    assert world.states == {EmailState.PLANNED: 4}
    world.pass_time(61)
    await scheduler.tick()
    assert world.states == {EmailState.SKIPPED: 4}


async def test_messages_of_a_tick_are_batches_that_workers_accept() -> None:
    world = await World().planned()
    scheduler = world.scheduler()
    await scheduler.tick()
    world.pass_time(60)
    messages = await scheduler.tick()
    assert messages == [SendBatch(campaign_id="spring", slice=0), SendBatch(campaign_id="spring", slice=1)]
