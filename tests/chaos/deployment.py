"""The deployment that a run sends from: settings in seconds where real life has minutes, and one reviewed campaign."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from unittest import mock

import pymongo

from cli import context, keys
from cli.demo.command import ORGANISATION
from cli.preparation import initialise
from config.loading import load
from config.settings import Settings
from domain.campaign import Campaign, CampaignStatus, Report
from messages.send_requested import SendRequested
from repositories.stores import Stores
from tests.benchmarks import newsletter
from workers.options import address_key, batch_size

CAMPAIGN = "chaos"
DATABASE = "chaos"
AT_ONCE = 1000  #: documents per write
IMPATIENCE = {
    "CAMPAIGNS_SENDING__LEASE_S": "10",
    "CAMPAIGNS_SENDING__STALL_S": "4",
    "CAMPAIGNS_SENDING__TICK_S": "0.5",
    "CAMPAIGNS_SENDING__RETRY_DELAYS_S": "[2, 3, 5]",
    "CAMPAIGNS_WORKERS__RETRY_DELAYS_S": "[1, 2, 5]",
    "CAMPAIGNS_WORKERS__HOLD_S": "10",
    "CAMPAIGNS_MONGO__TIMEOUT_S": "5",
    "CAMPAIGNS_SMTP__MAX_CONNECTIONS": "4",
    "CAMPAIGNS_AMQP__HEARTBEAT_S": "3",
    "CAMPAIGNS_THROTTLE__PATIENCE_S": "5",
    "CAMPAIGNS_THROTTLE__PUT_OFF_S": "3",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What the stores say when all is over."""

    status: CampaignStatus
    states: Mapping[str, str]  #: of ledger rows, by Message-ID
    closed: bool  #: whether the books balance with nothing open
    parked: Mapping[str, int]  #: messages given up, by queue


@dataclass(frozen=True, slots=True)
class Deployment:
    settings: Settings
    environment: Mapping[str, str]  #: for the workers

    async def prepared(self, emails: int) -> list[str]:
        """Queues, indexes, people, and a reviewed campaign to all of them; the Message-IDs that are to arrive."""
        await initialise(self.settings)
        async with context.stores(self.settings) as stores:
            people = list(newsletter.people(emails, address_key(self.settings)))
            campaign = await _reviewed(stores, len(people), batch_size(self.settings))
            rows = list(newsletter.rows(campaign, people, batch_size(self.settings)))
            for first in range(0, emails, AT_ONCE):
                await stores.contacts.save(people[first : first + AT_ONCE])
                await stores.emails.plan(rows[first : first + AT_ONCE])
        return [row.message_id for row in rows]

    async def begin(self) -> None:
        """Asks for the campaign to be sent, twice: a repeated wish is one."""
        wish = SendRequested(campaign_id=CAMPAIGN, confirmed_by="chaos")
        await context.publish(self.settings, [wish, wish])

    async def lift_throttles(self) -> None:
        """What an operator types when a relay is in order again: `campaigns throttle set NAME --recover`."""
        async with context.stores(self.settings) as stores:
            for name in await stores.throttles.limited():
                await stores.throttles.recover(name)

    async def is_sent(self) -> bool:
        async with context.stores(self.settings) as stores:
            campaign = await stores.campaigns.get(CAMPAIGN)
            return campaign is not None and campaign.status is CampaignStatus.SENT

    async def found(self, emails: int) -> Found:
        async with context.stores(self.settings) as stores:
            campaign = await stores.campaigns.get(CAMPAIGN)
            assert campaign is not None
            books = await stores.emails.books(CAMPAIGN, emails)
            parked = dict(await stores.parked.counts())
        return Found(campaign.status, self._states(), books.closed, parked)

    def _states(self) -> dict[str, str]:
        """Straight from the collection: what a repository would make of it is not to be believed here."""
        assert self.settings.mongo.url is not None
        with pymongo.MongoClient[dict[str, str]](self.settings.mongo.url.get_secret_value()) as client:
            return {row["message_id"]: row["state"] for row in client[DATABASE]["emails"].find()}


def deployment(amqp_url: str, mongo_url: str, smtp_port: int) -> Deployment:
    environment = {
        "CAMPAIGNS_AMQP__URL": amqp_url,
        "CAMPAIGNS_MONGO__URL": mongo_url,
        "CAMPAIGNS_MONGO__DATABASE": DATABASE,
        "CAMPAIGNS_SMTP__HOST": "127.0.0.1",
        "CAMPAIGNS_SMTP__PORT": str(smtp_port),
        "CAMPAIGNS_KEYS__ADDRESS": keys.new_key(),
        "CAMPAIGNS_KEYS__TOKENS": keys.new_key(),
        "CAMPAIGNS_LOG__FORMAT": "json",
        **ORGANISATION,
        **IMPATIENCE,
    }
    with mock.patch.dict(os.environ, environment):
        return Deployment(load(), environment)


async def _reviewed(stores: Stores, people: int, per_batch: int) -> Campaign:
    draft = newsletter.campaign(CAMPAIGN, slices=-(-people // per_batch), chains=0)
    reviewed = replace(draft, status=CampaignStatus.REVIEWED, report=Report(to_send=people))
    await stores.campaigns.add(reviewed)
    return reviewed
