"""Records what became of emails: a window of events in a few bulk writes."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.delivery_event import DeliveryRecorder
from handlers.strike_book import StrikeBook
from messages.delivery_event import DeliveryEvent
from workers.options import address_key, window
from workers.part import Part
from workers.resources import Resources


def build(resources: Resources) -> Sequence[Part]:
    return [resources.runtime.windowed(DeliveryEvent, recorder(resources), window=window(resources.settings))]


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
    )
