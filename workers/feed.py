"""The outgoing feed: its relay, and its webhook. Any number of processes may run it; one has the lease of each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from domain.feed import Entry
from gateways.webhook import HttpPosting, HttpWebhook
from handlers.feed import FeedRelay
from handlers.feed_news import CampaignNews, ContactsNews, EmailNews, News, Numbering, SyncNews
from handlers.timers import Timers
from handlers.webhook import WebhookSender
from messages.envelope import CONTENT_TYPE
from workers.announcements import Announcements, body
from workers.options import webhook_options
from workers.part import Part
from workers.resources import Resources, new_id, now

_LEASE_S = 30.0  #: the longest that the feed stands still when its process is killed


def build(resources: Resources) -> Sequence[Part]:
    stores, given = resources.stores, resources.settings.feed
    relay = FeedRelay(
        news=_news(resources),
        outbox=stores.outbox,
        replays=stores.replays,
        announcer=Announcements(resources.runtime.publisher),
        leases=stores.leases,
        timers=Timers(now),
        owner=new_id(),
        keep=timedelta(days=given.keep_days),
        lease_s=min(_LEASE_S, resources.settings.sending.lease_s),
    )
    own: list[Part] = [resources.runtime.periodic("feed", relay.tick, given.tick_s)]
    if options := webhook_options(resources.settings):
        sender = WebhookSender(
            outbox=stores.outbox,
            positions=stores.webhook_positions,
            webhook=_Webhook(HttpWebhook(options, now)),
            leases=stores.leases,
            timers=Timers(now),
            owner=new_id(),
        )
        own.append(resources.runtime.periodic("webhook", sender.tick, given.tick_s))
    return own


@dataclass(frozen=True, slots=True)
class _Webhook:
    """Entries as bodies to post."""

    gateway: HttpWebhook

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[_Posting]:
        async with self.gateway.connected() as posting:
            yield _Posting(posting)


@dataclass(frozen=True, slots=True)
class _Posting:
    posting: HttpPosting

    async def post(self, entry: Entry) -> str | None:
        return await self.posting.post(entry.id, body(entry), CONTENT_TYPE)


def _news(resources: Resources) -> Sequence[News]:
    stores = resources.stores
    marks, numbering = stores.feed_marks, Numbering(stores.outbox, now)
    return [
        CampaignNews(marks, numbering),
        SyncNews(marks, numbering),
        ContactsNews(marks, stores.contacts, numbering),
        EmailNews(marks, stores.campaigns, stores.contacts, numbering),
    ]
