"""Begins to send reviewed campaigns."""

from __future__ import annotations

from collections.abc import Sequence

from config.settings import Settings
from handlers.crm_gate import CrmGate
from handlers.send_requested import SendStarter
from messages.send_requested import SendRequested
from repositories.stores import Stores
from workers.options import chains, organisation
from workers.part import Part
from workers.resources import Resources, now
from workers.review_checks import asset_check


def build(resources: Resources) -> Sequence[Part]:
    starter = send_start(resources.stores, resources.settings)
    return [resources.runtime.single(SendRequested, starter, concurrency=resources.settings.workers.concurrency)]


def send_start(stores: Stores, settings: Settings) -> SendStarter:
    """Begins to send; the command asks it what is in the way before it publishes anything."""
    return SendStarter(
        stores.campaigns,
        stores.emails,
        stores.slices,
        organisation(settings),
        now,
        chains(settings),
        look_at_assets=asset_check(settings),
        gate=CrmGate(stores.integrations),
    )
