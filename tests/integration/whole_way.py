"""A deployment of its own for a test: its settings, the workers in this process, and what they have done."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from unittest import mock

from cli import context
from config.loading import load
from config.settings import Settings
from domain.books import Books
from domain.campaign import Campaign, CampaignStatus, Report, hash_of
from domain.email import Email, EmailState
from domain.parked import ParkedMessage, Which
from gateways.catcher import Catcher
from gateways.smtp import SmtpRelay
from messages.base import IN, Message
from repositories.indexes import ensure_indexes
from repositories.stores import Stores
from tests.builders import ADDRESS_KEY, a_campaign, a_contact, an_email
from tests.waiting import LONGEST_S, wait_until
from workers.catalog import WORKERS, parts, queues_of
from workers.declaration import declare
from workers.options import (
    amqp_options,
    batch_size,
    database,
    levels_s,
    relay_options,
    runtime_options,
    shell_options,
)
from workers.outgoing import Outgoing
from workers.publisher import publishing
from workers.resources import Resources, audit_trail
from workers.runtime import Runtime
from workers.shell import run_workers
from workers.topology import topology

#: Seconds where a deployment has minutes; batches of a few people.
SHORT = {
    "CAMPAIGNS_KEYS__ADDRESS": ADDRESS_KEY.decode(),
    "CAMPAIGNS_KEYS__TOKENS": "a-token-key-for-tests-no-secret",
    "CAMPAIGNS_ORGANISATION__NAME": "Green Ltd",
    "CAMPAIGNS_ORGANISATION__POSTAL_ADDRESS": "1 Harbour Street, 21120 Malmo, Sweden",
    "CAMPAIGNS_WEB__PUBLIC_URL": "https://news.green.example",
    "CAMPAIGNS_SMTP__HOST": "127.0.0.1",
    "CAMPAIGNS_SMTP__MAX_CONNECTIONS": "2",
    "CAMPAIGNS_SENDING__CLAIM_WINDOW": "60",
    "CAMPAIGNS_SENDING__CHAINS": "4",
    "CAMPAIGNS_SENDING__LEASE_S": "3",
    "CAMPAIGNS_SENDING__STALL_S": "2",
    "CAMPAIGNS_SENDING__TICK_S": "0.2",
    "CAMPAIGNS_SENDING__RETRY_DELAYS_S": "[0.5]",
    "CAMPAIGNS_SENDING__GIVE_UP_S": "60",
    "CAMPAIGNS_WORKERS__RETRY_DELAYS_S": "[0.3, 1]",
    "CAMPAIGNS_WORKERS__HOLD_S": "1",
    "CAMPAIGNS_MONGO__TIMEOUT_S": "1",
    "CAMPAIGNS_INBOUND__PORT": "0",
    "CAMPAIGNS_WEB__PORT": "0",
}
SENDERS = ("send-requested", "send-batch", "scheduler")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All it said, on one line: tables wrap."""
        return " ".join(f"{self.out} {self.err}".replace("│", " ").split())


@dataclass(frozen=True, slots=True)
class World:
    settings: Settings
    environment: Mapping[str, str]  #: gives a process of its own the same settings
    stores: Stores

    async def publish(self, *messages: Message) -> None:
        await context.publish(self.settings, messages)

    async def publish_body(self, queue: str, body: bytes) -> None:
        """Bytes as any publisher may send them."""
        async with publishing(amqp_options(self.settings)) as publisher:
            await publisher.publish([Outgoing(IN, queue, body)])

    async def run(self, *arguments: str) -> Ran:
        """`campaigns ARGUMENTS` in a process of its own, to its end."""
        process = await self.start(*arguments)
        out, err = await asyncio.wait_for(process.communicate(), 2 * LONGEST_S)
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    def with_settings(self, **changes: str) -> World:
        """The same deployment for processes that read other settings."""
        return replace(self, environment={**self.environment, **_named(changes)})

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """`campaigns ARGUMENTS` in a process of its own."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli", *arguments,
            env={**os.environ, **self.environment, "COLUMNS": "400"},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    @asynccontextmanager
    async def working(self, *names: str) -> AsyncIterator[Runtime]:
        """One worker process without the process: as `campaigns worker NAME…` builds it, stopped gracefully."""
        stores = Stores.of(database(self.settings))
        runtime = Runtime(runtime_options(self.settings), stores.parked, audit_trail(self.settings, stores))
        relays = {name: SmtpRelay(options) for name, options in relay_options(self.settings).items()}
        built = parts(names, Resources(self.settings, stores, runtime, relays))
        options = replace(shell_options(self.settings), health_port=None)
        process = asyncio.create_task(run_workers(runtime, built, options))
        try:
            yield runtime
        finally:
            runtime.stopping.set()
            code = await asyncio.wait_for(process, LONGEST_S)
            for relay in relays.values():
                await relay.close()
            stores.close()
        assert code == 0

    async def campaign(self, campaign_id: str = "spring") -> Campaign:
        found = await self.stores.campaigns.get(campaign_id)
        assert found is not None, campaign_id
        return found

    async def books(self, campaign_id: str = "spring") -> Books:
        report = (await self.campaign(campaign_id)).report
        return await self.stores.emails.books(campaign_id, report.selected if report else 0)

    async def rows(self, state: EmailState, campaign_id: str = "spring") -> list[Email]:
        """The emails that are in this state."""
        number = "sent" if state is EmailState.SENT else str(state)
        return [row async for row in self.stores.emails.activity(campaign_id, number, limit=0)]

    async def until_status(
        self, wanted: CampaignStatus, campaign_id: str = "spring", timeout_s: float = LONGEST_S
    ) -> Campaign:
        async def reached() -> bool:
            found = await self.stores.campaigns.get(campaign_id)
            return found is not None and found.status is wanted

        await wait_until(reached, timeout_s=timeout_s, what=f"{campaign_id} is {wanted}")
        return await self.campaign(campaign_id)

    async def parked(self, queue: str) -> ParkedMessage:
        """The one message of this queue that is given up, once there is one."""

        async def there() -> bool:
            return bool(await self.stores.parked.counts())

        await wait_until(there, timeout_s=60, what=f"a message of {queue} is parked")
        [listed] = await self.stores.parked.page(Which(queue=queue))
        found = await self.stores.parked.get(listed.id)
        assert found is not None
        return found

    async def statuses(self, *campaign_ids: str) -> set[CampaignStatus]:
        return {(await self.campaign(each)).status for each in campaign_ids}

    async def reviewed(self, addresses: Iterable[str], campaign_id: str = "spring") -> list[Email]:
        """The rows of a campaign to these people, as a review leaves it."""
        people, per_batch = list(addresses), batch_size(self.settings)
        batches = -(-len(people) // per_batch)
        draft = a_campaign(
            campaign_id, status=CampaignStatus.REVIEWED, slices=batches, report=Report(to_send=len(people))
        )
        await self.stores.campaigns.add(replace(draft, reviewed_hash=hash_of(draft)))
        await self.stores.contacts.save([a_contact(each) for each in people])
        rows = [an_email(each, campaign_id, slice=place // per_batch) for place, each in enumerate(people)]
        await self.stores.emails.plan(rows)
        return rows

    async def assert_each_once(self, caught: Catcher, campaign_id: str = "spring") -> None:
        """The ledger and the mail server agree: nobody twice, nobody missed."""
        ledger = [row.address for row in await self.rows(EmailState.SENT, campaign_id)]
        assert sorted(caught.accepted.elements()) == sorted(ledger)


async def some_sent(caught: Catcher, count: int) -> None:
    """Return as soon as the mail server has so many."""
    async with asyncio.timeout(LONGEST_S):
        while caught.accepted.total() < count:
            await asyncio.sleep(0.002)


def people(count: int) -> list[str]:
    return [f"p{number}@crm.example" for number in range(count)]


def _named(changes: Mapping[str, str]) -> dict[str, str]:
    return {f"CAMPAIGNS_{name.upper()}": value for name, value in changes.items()}


def settings_of(environment: Mapping[str, str]) -> Settings:
    """What a process with this environment reads."""
    with mock.patch.dict(os.environ, environment):
        return load()


@asynccontextmanager
async def world(deployment: Mapping[str, str], *workers: str, smtp_port: int, **changes: str) -> AsyncIterator[World]:
    """A deployment with the queues of these workers (default: all), and settings changed by name (`smtp__tls`)."""
    environment = {
        **SHORT,
        **deployment,
        "CAMPAIGNS_SMTP__PORT": str(smtp_port),
        **_named(changes),
    }
    settings = settings_of(environment)
    queues = [queue for name in workers or WORKERS for queue in queues_of(name)]
    await declare(amqp_options(settings), topology(queues, levels_s(settings)))
    stores = Stores.of(database(settings))
    try:
        await ensure_indexes(stores.database)
        yield World(settings, environment, stores)
    finally:
        stores.close()
