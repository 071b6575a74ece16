"""Records what became of emails: a window of events in a few bulk writes."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.delivery_event import DeliveryRecorder
from handlers.series_waker import SeriesWaker
from handlers.strike_book import StrikeBook
from messages.delivery_event import DeliveryEvent
from workers.options import address_key, window
from workers.part import Part
from workers.resources import Resources, now

#: In this process, each on a channel of its own: while MongoDB works on a window of one, the other has a turn.
CONSUMERS = 2


def build(resources: Resources) -> Sequence[Part]:
    record, of = recorder(resources), window(resources.settings)
    return [resources.runtime.windowed(DeliveryEvent, record, window=of) for _ in range(CONSUMERS)]


def recorder(resources: Resources) -> DeliveryRecorder:
    """What records events, here and where a reader waits for it."""
    stores = resources.stores
    return DeliveryRecorder(
        stores.emails,
        stores.events,
        stores.suppressions,
        stores.contacts,
        StrikeBook(stores.strikes, stores.emails),
        address_key(resources.settings),
        stores.campaigns,
        SeriesWaker(stores.campaigns, stores.series_entries, now),
    )
