"""Creates and changes drafts from campaign documents."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.campaign_saved import CampaignKeeper
from messages.campaign_saved import CampaignSaved
from workers.options import organisation
from workers.part import Part
from workers.resources import Resources, now


def build(resources: Resources) -> Sequence[Part]:
    stores = resources.stores
    keeper = CampaignKeeper(stores.campaigns, stores.templates, organisation(resources.settings), now)
    return [resources.runtime.single(CampaignSaved, keeper, concurrency=resources.settings.workers.concurrency)]
