"""Keeps CRM records, and the contacts of active syncs, up to date: a window of events in a few bulk writes."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.erased_records import ErasedRecords
from handlers.record_changed import RecordKeeper
from messages.record_changed import RecordChanged
from workers.options import address_key, window
from workers.part import Part
from workers.resources import Resources, now


def build(resources: Resources) -> Sequence[Part]:
    stores = resources.stores
    key = address_key(resources.settings)
    erased = ErasedRecords(stores.records, stores.suppressions, stores.erasures, key, now)
    keeper = RecordKeeper(stores.records, stores.modules, stores.syncs, resources.carry_over, erased)
    return [resources.runtime.windowed(RecordChanged, keeper, window=window(resources.settings))]
