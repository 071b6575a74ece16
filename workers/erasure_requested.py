"""Erases people who are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from config.settings import Settings
from handlers.erasure_requested import Eraser, Whereabouts
from handlers.homecoming import Homecoming
from messages.erasure_requested import ErasureRequested
from repositories.stores import Stores
from repositories.traces import traces
from workers.options import address_key
from workers.part import Part
from workers.resources import Resources, now


def build(resources: Resources) -> Sequence[Part]:
    return [resources.runtime.single(ErasureRequested, eraser(resources.settings, resources.stores), concurrency=1)]


def eraser(settings: Settings, stores: Stores) -> Eraser:
    """What erases people, here and on the command line."""
    return Eraser(
        whereabouts=whereabouts(settings, stores),
        suppressions=stores.suppressions,
        emails=stores.emails,
        slices=stores.slices,
        traces=traces(stores.database, address_key(settings)),
        erasures=stores.erasures,
        audit=stores.audit,
        now=now,
    )


def homecoming(stores: Stores) -> Homecoming:
    return Homecoming(stores.suppressions, stores.erasures, stores.contacts, now)


def whereabouts(settings: Settings, stores: Stores) -> Whereabouts:
    return Whereabouts(stores.records, stores.records, stores.contacts, stores.modules, address_key(settings))
