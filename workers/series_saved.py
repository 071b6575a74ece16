"""Creates and changes series from their documents."""

from __future__ import annotations

from collections.abc import Sequence

from config.settings import Settings
from handlers.campaign_moves import CampaignMoves
from handlers.crm_gate import CrmGate
from handlers.series_messages import Children
from handlers.series_moves import SeriesMoves
from handlers.series_saved import SeriesSaver
from messages.series_saved import SeriesSaved
from repositories.stores import Stores
from workers.campaign_saved import campaign_keeper
from workers.part import Part
from workers.resources import Resources, now
from workers.send_requested import send_start


def build(resources: Resources) -> Sequence[Part]:
    saver = series_saver(resources.stores, resources.settings)
    return [resources.runtime.single(SeriesSaved, saver, concurrency=resources.settings.workers.concurrency)]


def series_saver(stores: Stores, settings: Settings) -> SeriesSaver:
    """Commands use it too: what a worker would park is refused where it is typed."""
    return SeriesSaver(
        series=stores.series,
        entries=stores.series_entries,
        children=children(stores),
        drafts=campaign_keeper(stores, settings),
        now=now,
        gate=CrmGate(stores.integrations),
    )


def series_moves(stores: Stores, settings: Settings) -> SeriesMoves:
    return SeriesMoves(
        series=stores.series,
        entries=stores.series_entries,
        lists=stores.lists,
        children=children(stores),
        sendable=send_start(stores, settings).check,
        now=now,
    )


def children(stores: Stores) -> Children:
    return Children(stores.campaigns, CampaignMoves(stores.campaigns, stores.emails, stores.slices, now), now)
