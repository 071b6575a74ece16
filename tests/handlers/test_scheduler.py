"""What time brings."""

from __future__ import annotations

from domain.books import Books
from domain.campaign import CampaignStatus
from domain.email import EmailState
from domain.slices import SliceState
from domain.smtp_reply import Reply
from handlers.campaign_moves import CampaignMoves
from handlers.scheduler import Scheduler
from handlers.scheduler_rounds import Rhythm
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested
from tests.builders import a_campaign, later
from tests.fakes.relay import MemoryRelay
from tests.handlers.sending import World, numbers, person


async def ticked(world: World, scheduler: Scheduler, for_s: float, step_s: float = 1) -> list[tuple[float, int | None]]:
    """A tick every `step_s`: what was offered, and after how many seconds."""
    offered: list[tuple[float, int | None]] = []
    at_s = 0.0
    while at_s < for_s:
        offered += [(at_s, number) for number in numbers(await scheduler.tick())]
        world.pass_time(step_s)
        at_s += step_s
    return offered


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
    assert await ticked(world, scheduler, 60) == []
    assert numbers(await scheduler.tick()) == [1, 2]


async def test_a_batch_that_nobody_takes_is_offered_less_and_less_often_and_anew_once_it_moved() -> None:
    """60 s after it came to stand there, then 2, 4, 8 times that later, and every 10 minutes in the end."""
    world = await World(count=12, per_slice=2, chains=1).planned()
    scheduler = world.scheduler()
    offered = await ticked(world, scheduler, 2400, step_s=15)
    assert [at for at, _ in offered] == [60, 180, 420, 900, 1500, 2100]
    await world.send(0)
    offered = await ticked(world, scheduler, 200, step_s=15)
    assert offered == [(60, 1), (180, 1)]


async def test_a_chain_of_a_resumed_campaign_is_offered_as_often_as_at_first() -> None:
    world = await World(count=4, per_slice=2, chains=1).planned()
    scheduler = world.scheduler()
    await ticked(world, scheduler, 420, step_s=15)
    moves = CampaignMoves(world.campaigns, world.emails, world.slices, lambda: world.now)
    await moves.pause("spring", "by hand")
    await moves.resume("spring")
    assert await ticked(world, scheduler, 90, step_s=15) == [(60, 0)]


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
    assert numbers(await scheduler.tick()) == [1]
    world.pass_time(15)
    assert numbers(await scheduler.tick()) == [0]
    assert world.states == {EmailState.IN_DOUBT: 2, EmailState.PLANNED: 6}
    assert world.slices.stored["spring:0"].state is SliceState.DONE
    await world.send_all([0, 1])
    assert world.states == {EmailState.IN_DOUBT: 2, EmailState.SENT: 6}
    world.pass_time(10)
    await scheduler.tick()
    assert world.campaigns.stored["spring"].status is CampaignStatus.SENT  # in doubt is an end of its own (X2)


async def test_a_worker_that_was_kept_from_mongodb_for_longer_than_its_lease_leaves_no_doubts() -> None:
    """Its answers come a few seconds after MongoDB is back; a scheduler may be quicker."""
    world = await World(count=2).planned()
    _, held = await world.slices.claim("spring", 0, "kept away", 60)
    await world.slices.start(held, 60)
    scheduler = world.scheduler()
    await scheduler.tick()
    world.pass_time(600)  # no tick gets through
    assert await scheduler.tick() == []
    world.pass_time(10)
    assert await scheduler.tick() == []
    await world.slices.release(held)
    await world.send(0)
    assert world.states == {EmailState.SENT: 2}


async def test_two_schedulers_put_nobody_in_two_batches() -> None:
    """One froze after it had found who is due; the other has put them in a batch that is being sent."""
    world = await World(count=2, relay=MemoryRelay({person(0): [FULL]})).planned()
    await world.send(0)
    world.pass_time(900)
    found = [world.row(0).id]

    async def as_found_before(*_: object) -> list[str]:
        return [found.pop()] if found else []

    await world.scheduler().tick()
    world.emails.due = as_found_before  # type: ignore[assignment, method-assign]
    world.pass_time(31)
    await world.scheduler("frozen").tick()
    assert world.row(0).slice == 1


async def test_open_emails_in_a_batch_that_is_done_get_another_one() -> None:
    """However they came there: the campaign would never end, and nobody would see why."""
    world = await World(count=4, per_slice=2).planned()
    _, held = await world.slices.claim("spring", 0, "worker", 60)
    await world.slices.finish(held)
    await world.send(1)
    offered = numbers(await world.scheduler().tick())
    assert offered == [2]
    await world.send_all(offered)
    assert world.states == {EmailState.SENT: 4}


async def test_emails_in_a_batch_that_somebody_holds_stay_there() -> None:
    world = await World(count=4, per_slice=2).planned()
    await world.send(0)
    await world.slices.claim("spring", 1, "worker", 60)
    assert await world.scheduler().tick() == []
    assert world.row(2).slice == 1


async def test_a_campaign_ended_long_ago_is_not_looked_at() -> None:
    world = await World(count=4, per_slice=2).planned()
    stopped = world.campaigns.stored["spring"].moved_to(CampaignStatus.STOPPED, "by hand", at=world.now)
    world.campaigns.stored["spring"] = stopped
    world.pass_time(2 * 24 * 3600)
    await world.scheduler().tick()
    assert world.states == {EmailState.PLANNED: 4}


async def test_what_is_seen_no_more_is_forgotten() -> None:
    world = await World(count=40, per_slice=2, chains=2).planned()
    scheduler = world.scheduler()
    for number in range(20):
        await scheduler.tick()
        await world.send(number)
        world.pass_time(100)
    assert len(scheduler.timers) < 25


async def test_a_due_batch_whose_message_was_lost_is_offered_again() -> None:
    world = await World(count=2, relay=MemoryRelay({person(0): [FULL, OK]})).planned()
    await world.send(0)
    world.pass_time(900)
    scheduler = world.scheduler()
    assert await ticked(world, scheduler, 90, step_s=15) == [(0, 1), (75, 1)]


async def test_no_more_retries_are_under_way_than_a_campaign_has_chains() -> None:
    world = World(count=9, per_slice=9, chains=2, relay=MemoryRelay({person(n): [FULL] for n in range(9)}))
    await world.planned()
    await world.send(0)
    world.pass_time(1200)
    scheduler = world.scheduler(rhythm=Rhythm(batch_size=3))
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
    assert (message.campaign_id, message.due) == ("spring", later(100))
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


async def test_books_that_do_not_balance_are_counted_less_and_less_often_and_anew_once_something_moved() -> None:
    world = await World(count=2).planned()
    await world.send(0)
    del world.emails.stored[world.row(0).id]
    counted: list[float] = []
    books, began = world.emails.books, world.now

    async def counting(campaign_id: str, selected: int) -> Books:
        counted.append((world.now - began).total_seconds())
        return await books(campaign_id, selected)

    world.emails.books = counting  # type: ignore[method-assign]
    scheduler = world.scheduler()
    await ticked(world, scheduler, 160)
    assert counted == [0, 5, 15, 35, 75, 155]
    await world.slices.plan("spring", [7])
    await ticked(world, scheduler, 1)
    _, held = await world.slices.claim("spring", 7, "worker", 60)
    await world.slices.finish(held)
    await ticked(world, scheduler, 7)
    assert counted[6:] == [161, 166]
