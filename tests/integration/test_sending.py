"""A campaign from its first batch to balanced books: MongoDB, SMTP, three workers and a scheduler on a quick clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase

from cli.embedded.ports import any_free
from domain.campaign import CampaignStatus, Report
from domain.delivery import RetrySchedule
from domain.email import EmailState
from domain.errors import RelayUnavailable
from gateways.catcher import Catcher, CatcherOptions
from gateways.smtp import SmtpOptions, SmtpRelay, SmtpTimeouts
from handlers.hold import Holder
from handlers.outcome_writer import OutcomeWriter
from handlers.recording import Recorder
from handlers.scheduler import Scheduler
from handlers.scheduler_rounds import Rhythm, rounds
from handlers.send_batch import BatchSender
from handlers.slice_sender import SliceSender
from handlers.strike_book import StrikeBook
from handlers.timers import Timers
from handlers.warm_up_gate import WarmUpGate
from messages.base import Message
from messages.send_batch import SendBatch
from repositories.indexes import ensure_indexes
from repositories.stores import Stores
from tests.builders import a_campaign, a_contact, an_email
from tests.handlers.sending import assembler
from tests.integration.whole_way import some_sent
from workers.apart import apart

PER_SLICE = 40
FATES = ["", "", "", "", "", "", "defer-1.", "unknown.", "full.", "spam.", "closing-1."]


async def at_once(store: Callable[[], Awaitable[None]]) -> None:
    await store()


@dataclass
class World:
    stores: Stores
    relay: SmtpRelay
    ahead: timedelta = timedelta()
    queue: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def planned(self, addresses: list[str]) -> World:
        slices = -(-len(addresses) // PER_SLICE)
        campaign = a_campaign(
            status=CampaignStatus.SENDING, slices=slices, chains=3, report=Report(to_send=len(addresses))
        )
        await self.stores.campaigns.add(campaign)
        await self.stores.contacts.save([a_contact(each) for each in addresses])
        rows = [an_email(each, slice=place // PER_SLICE) for place, each in enumerate(addresses)]
        await self.stores.emails.plan(rows)
        await self.stores.slices.plan("spring", range(slices))
        return self

    def sender(self, owner: str, lease_s: float = 10) -> BatchSender:
        stores = self.stores
        holder = Holder(stores.campaigns, stores.slices, lambda: False, lease_s)
        schedule = RetrySchedule((5.0,), 60, 0)
        writer = OutcomeWriter(
            stores.emails,
            stores.suppressions,
            StrikeBook(stores.strikes, stores.emails),
            at_once,
            schedule,
            self.now,
            lambda: 0.5,
        )
        sender = SliceSender(
            stores.contacts, stores.suppressions, stores.emails, stores.slices, self.relay, holder, writer,
            Recorder(writer.tried, size=100), assembler, self.now,
        )  # fmt: skip
        return BatchSender(stores.campaigns, stores.emails, stores.slices, sender, self.gate, owner, lease_s)

    @property
    def gate(self) -> WarmUpGate:
        return WarmUpGate(self.stores.throttles)

    async def works(self, owner: str) -> None:
        """One worker: message after message; a relay that is away brings the message back."""
        while True:
            message = await self.queue.get()
            assert isinstance(message, SendBatch)
            try:
                followers = await self.sender(owner)(message)
            except RelayUnavailable:
                followers = [message]
                await asyncio.sleep(0.05)
            for follower in followers:
                self.queue.put_nowait(follower)

    async def until_sent(self, limit_s: float = 60) -> None:
        stores = self.stores
        timers = Timers(self.now)
        concerns = rounds(
            stores.campaigns, stores.emails, stores.slices, self.gate, timers, Rhythm(stall_s=2, books_every_s=0)
        )
        scheduler = Scheduler(concerns, stores.campaigns, stores.leases, timers, apart, "s")
        async with asyncio.timeout(limit_s):
            while True:
                for message in await scheduler.tick():
                    self.queue.put_nowait(message)
                campaign = await stores.campaigns.get("spring")
                if campaign and campaign.status is CampaignStatus.SENT:
                    return
                await asyncio.sleep(0.05)
                self.ahead += timedelta(seconds=0.2)


async def test_every_email_ends_once_whatever_the_server_says(mongo_database: AsyncIOMotorDatabase[Any]) -> None:
    # 20 faults on our side: 25 would trip a breaker (D11)
    addresses = [f"{FATES[n % len(FATES)]}p{n}@example.com" for n in range(220)]
    await ensure_indexes(mongo_database)
    async with Catcher(CatcherOptions()) as catcher:
        relay = SmtpRelay(SmtpOptions("127.0.0.1", catcher.port, max_connections=4, local_hostname="us.example"))
        world = await World(Stores.of(mongo_database), relay).planned(addresses)
        for number in range(3):
            world.queue.put_nowait(SendBatch(campaign_id="spring", slice=number))
        workers = [asyncio.create_task(world.works(f"w{n}")) for n in range(3)]
        await world.until_sent()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await relay.close()
    books = await world.stores.emails.books("spring", len(addresses))
    assert books.states == {
        EmailState.SENT: 160, EmailState.HARD_BOUNCED: 20, EmailState.SOFT_BOUNCED: 20, EmailState.FAILED: 20
    }  # fmt: skip
    assert books.closed
    assert set(catcher.accepted.values()) == {1}
    assert catcher.accepted.total() == 160
    assert catcher.tries["defer-1.p6@example.com"] == 2
    unknown = [an_email(each).contact_id for each in addresses if each.startswith("unknown")]
    assert set(await world.stores.suppressions.of([an_email(each).contact_id for each in addresses])) == set(unknown)


async def test_a_relay_that_is_away_for_a_while_loses_nothing(mongo_database: AsyncIOMotorDatabase[Any]) -> None:
    addresses = [f"p{n}@example.com" for n in range(200)]
    await ensure_indexes(mongo_database)
    async with Catcher(CatcherOptions(port=any_free())) as first:  # nobody else takes it while it is away
        port = first.port
        options = SmtpOptions("127.0.0.1", port, max_connections=4, timeouts_s=SmtpTimeouts(connect_s=1))
        relay = SmtpRelay(options)
        world = await World(Stores.of(mongo_database), relay).planned(addresses)
        for number in range(3):
            world.queue.put_nowait(SendBatch(campaign_id="spring", slice=number))
        workers = [asyncio.create_task(world.works(f"w{n}")) for n in range(2)]
        await some_sent(first, 60)
    await asyncio.sleep(0.2)
    async with Catcher(CatcherOptions(port=port)) as second:
        await world.until_sent()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await relay.close()
    books = await world.stores.emails.books("spring", len(addresses))
    doubtful = books.count(EmailState.IN_DOUBT)
    twice = [who for who in first.accepted if second.accepted[who]]
    assert twice == []
    assert books.count(EmailState.SENT) + doubtful == 200
    assert books.count(EmailState.SENT) <= first.accepted.total() + second.accepted.total()
    assert doubtful <= 4  # at most what each connection had under way
