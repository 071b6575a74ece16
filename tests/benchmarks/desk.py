"""Campaigns put on their way through real send workers, followed to their end, and what that took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cli import context
from config.settings import Settings
from domain.campaign import Campaign
from domain.email import EmailState
from domain.slices import SliceState
from messages.base import Message
from messages.send_batch import SendBatch
from repositories.stores import Stores
from tests.benchmarks import newsletter
from tests.benchmarks.house import House
from tests.benchmarks.measured import Run
from tests.benchmarks.resident import Resident, watched
from tests.benchmarks.worker_process import WorkerProcess, patience_s, workers
from workers.options import amqp_options, batch_size
from workers.outgoing import outgoing
from workers.publisher import Publisher, publishing
from workers.resources import new_id, now

WARM_UP = 400  #: emails per process before the clock runs: templates compiled, connections open
LOOK_S = 0.05


class NotAllSent(Exception):
    """The ledger does not say that every email was sent."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where campaigns are put on their way and followed."""

    house: House
    stores: Stores
    publisher: Publisher

    @property
    def settings(self) -> Settings:
        return self.house.settings

    async def through_workers(self, emails: int, processes: int, name: str, **settings: str) -> tuple[Run, Resident]:
        """A campaign to the first `emails` people, sent by new worker processes after a warm-up.

        The settings are environment variables without CAMPAIGNS_.

        Raises:
            NotAllSent: the ledger says otherwise when no batch is open.
            WorkerFailed: they did not start, or it takes far too long.
        """
        warm_up = await newsletter.seed_campaign(
            self.stores, f"warm-{name}", min(WARM_UP * processes, emails), self.settings
        )
        campaign = await newsletter.seed_campaign(self.stores, name, emails, self.settings)
        with workers(self.house, "send-batch", processes, **settings) as running:
            await self.sent(warm_up)
            cpu, began = cpu_s(running), time.perf_counter()
            with watched(running) as memory:
                await self.sent(campaign)
                seconds, cpu = time.perf_counter() - began, cpu_s(running) - cpu
        await self._check(campaign, emails)
        return Run(emails, seconds, cpu), memory

    async def sent(self, campaign: Campaign) -> None:
        """Offers the first batch of each chain, as send-requested does, and returns when the last one is done.

        Raises:
            TimeoutError: it takes far too long.
        """
        first = range(min(campaign.chains, campaign.slices))
        await self.publish([SendBatch(campaign_id=campaign.id, slice=number) for number in first])
        async with asyncio.timeout(patience_s(campaign.slices * batch_size(self.settings))):
            for number in range(campaign.slices):  # one after the other: a cheap question, however many there are
                while not await self._is_done(campaign, number):
                    await asyncio.sleep(LOOK_S)

    async def publish(self, messages: Sequence[Message]) -> None:
        await self.publisher.publish([outgoing(each, id=new_id(), time=now()) for each in messages])

    async def _is_done(self, campaign: Campaign, number: int) -> bool:
        found = await self.stores.slices.holding(campaign.id, number)
        return found is not None and found.state is SliceState.DONE

    async def _check(self, campaign: Campaign, emails: int) -> None:
        books = await self.stores.emails.books(campaign.id, emails)
        if books.count(EmailState.SENT) != emails:
            raise NotAllSent(f"of {emails} emails the ledger says: {dict(books.states)}")


@asynccontextmanager
async def desk(house: House) -> AsyncIterator[Desk]:
    """A desk on connections of its own."""
    options = amqp_options(house.settings)
    async with context.stores(house.settings) as stores, publishing(options) as publisher:
        yield Desk(house, stores, publisher)


def cpu_s(running: Sequence[WorkerProcess]) -> float:
    """User and system time of all of them."""
    return sum(worker.cpu_s for worker in running)
