"""Begins to send reviewed campaigns."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.send_requested import SendStarter
from messages.send_requested import SendRequested
from workers.options import organisation
from workers.part import Part
from workers.resources import Resources, now


def build(resources: Resources) -> Sequence[Part]:
    stores, settings = resources.stores, resources.settings
    starter = SendStarter(stores.campaigns, stores.slices, organisation(settings), now, chains=settings.sending.chains)
    return [resources.runtime.single(SendRequested, starter, concurrency=settings.workers.concurrency)]
