"""Sends test mails."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.test_requested import TestSender
from messages.test_requested import TestRequested
from workers.dkim_keys import dkim_keys
from workers.options import address_key, organisation, signing_keys
from workers.part import Part
from workers.record_reader import record_reader
from workers.relays import plain
from workers.resources import Resources, now


def build(resources: Resources) -> Sequence[Part]:
    stores, settings = resources.stores, resources.settings
    sender = TestSender(
        campaigns=stores.campaigns,
        contacts=stores.contacts,
        reader=record_reader(stores, settings),
        leases=stores.leases,
        outcomes=stores.test_mails,
        relay=plain(resources),
        organisation=organisation(settings),
        keys=signing_keys(settings),
        dkim=dkim_keys(settings),
        address_key=address_key(settings),
        now=now,
        suppressions=stores.suppressions,
    )
    return [resources.runtime.single(TestRequested, sender, concurrency=settings.workers.concurrency)]
