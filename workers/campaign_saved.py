"""Creates and changes drafts from campaign documents."""

from __future__ import annotations

from collections.abc import Sequence

from config.settings import Settings
from handlers.campaign_saved import CampaignKeeper
from handlers.crm_gate import CrmGate
from handlers.selection import Selector
from messages.campaign_saved import CampaignSaved
from repositories.stores import Stores
from workers.options import organisation
from workers.part import Part
from workers.resources import Resources, now


def build(resources: Resources) -> Sequence[Part]:
    keeper = campaign_keeper(resources.stores, resources.settings)
    return [resources.runtime.single(CampaignSaved, keeper, concurrency=resources.settings.workers.concurrency)]


def campaign_keeper(stores: Stores, settings: Settings) -> CampaignKeeper:
    """Commands use it too: what a worker would park is refused where it is typed."""
    return CampaignKeeper(
        campaigns=stores.campaigns,
        templates=stores.templates,
        organisation=organisation(settings),
        now=now,
        modules=stores.modules,
        selector=Selector(stores.records, stores.selections),
        gate=CrmGate(stores.integrations),
    )
