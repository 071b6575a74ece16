"""How fast a campaign is sent by real worker processes, beside the bare loop in the same run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from cli import context
from cli.output import say
from config.settings import Settings
from domain.campaign import Campaign
from domain.contact import Contact
from domain.email import EmailState
from messages.send_batch import SendBatch
from repositories.stores import Stores
from tests.benchmarks import bare_smtp, newsletter
from tests.benchmarks.house import Ground, House
from tests.benchmarks.measured import SPEED_COLUMNS, Measured, Run, on_uvloop, speed_row
from tests.benchmarks.sinks import sink
from tests.benchmarks.worker_process import WorkerProcess, patience_s, workers
from workers.options import amqp_options
from workers.outgoing import outgoing
from workers.publisher import Publisher, publishing
from workers.resources import new_id, now

PROCESSES = (1, 2)
READY_MAILS = 1000  #: different ones that the bare loop repeats: all of them would fill the memory
WARM_UP = 400  #: emails per process before the clock runs: templates compiled, connections open


class NotAllSent(Exception):
    """The ledger does not say that every email was sent."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where campaigns are put on their way and followed."""

    house: House
    stores: Stores
    publisher: Publisher

    @property
    def settings(self) -> Settings:
        return self.house.settings

    async def sent(self, campaign: Campaign) -> None:
        """Offers the first batch of each chain, as send-requested does, and returns when the last one is done.

        Raises:
            TimeoutError: it takes far too long.
        """
        first = range(min(campaign.chains, campaign.slices))
        batches = [SendBatch(campaign_id=campaign.id, slice=number) for number in first]
        await self.publisher.publish([outgoing(each, id=new_id(), time=now()) for each in batches])
        async with asyncio.timeout(patience_s(campaign.slices * self.settings.sending.claim_window)):
            while await self.stores.slices.unfinished(campaign.id):
                await asyncio.sleep(0.05)


def measure(ground: Ground, emails: int, rounds: int) -> Measured:
    with ground.house() as house, sink(house.smtp_port) as its_name:
        return on_uvloop(_measure(house, emails, rounds, its_name))


async def _measure(house: House, emails: int, rounds: int, sink_name: str) -> Measured:
    bare: list[Run] = []
    sent: dict[int, list[Run]] = {count: [] for count in PROCESSES}
    options = amqp_options(house.settings)
    async with context.stores(house.settings) as stores, publishing(options) as publisher:
        desk = _Desk(house, stores, publisher)
        people = await newsletter.seed_people(stores, emails, house.settings)
        mails = newsletter.mails(people[:READY_MAILS], house.settings)
        for number in range(rounds):
            bare.append(await bare_smtp.send(house.smtp_port, mails, emails))
            for count in PROCESSES:
                sent[count].append(await _through_workers(desk, people, count, f"r{number}p{count}"))
            say(f"send: round {number + 1} of {rounds} is over")
    size_kb = sum(len(mail.raw) for mail in mails) / len(mails) / 1000
    return Measured(
        program="send",
        title=f"send: {emails:,} emails of {size_kb:.1f} kB with {len(newsletter.FIELDS)} merge fields",
        columns=SPEED_COLUMNS,
        rows=(
            speed_row("bare aiosmtplib loop", bare, bare),
            *(speed_row(f"send-batch, processes: {count}", sent[count], bare) for count in PROCESSES),
        ),
        notes=(
            f"Sink: {sink_name}. Emails per second: from publishing the first send-batch until no batch is open;",
            f"every row of the ledger then says sent. The bare loop: {bare_smtp.CONNECTIONS} connections, one process,",
            "ready bytes; it renders nothing and stores nothing.",
            "CPU: of the sending processes alone; RabbitMQ, MongoDB and the sink take their share of the same cores.",
        ),
        command=f"make bench ARGS='send --emails {emails} --rounds {rounds}'",
    )


async def _through_workers(desk: _Desk, people: Sequence[Contact], count: int, name: str) -> Run:
    warm_up = await newsletter.seed_campaign(desk.stores, f"warm-{name}", people[: WARM_UP * count], desk.settings)
    campaign = await newsletter.seed_campaign(desk.stores, name, people, desk.settings)
    with workers(desk.house, "send-batch", count) as running:
        await desk.sent(warm_up)
        cpu_s, began = _cpu_s(running), time.perf_counter()
        await desk.sent(campaign)
        seconds, cpu_s = time.perf_counter() - began, _cpu_s(running) - cpu_s
    books = await desk.stores.emails.books(campaign.id, len(people))
    if books.count(EmailState.SENT) != len(people):
        raise NotAllSent(f"of {len(people)} emails the ledger says: {dict(books.states)}")
    return Run(len(people), seconds, cpu_s)


def _cpu_s(running: Sequence[WorkerProcess]) -> float:
    return sum(worker.cpu_s for worker in running)
