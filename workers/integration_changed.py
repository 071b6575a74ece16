"""Leaves the CRM and comes back to it: what was asked for is stored, what follows is done every second until it is."""

from __future__ import annotations

from collections.abc import Sequence

from config.settings import Settings
from handlers.campaign_moves import CampaignMoves
from handlers.crm_traffic import CrmTraffic
from handlers.detachment import Detachment
from handlers.integration_changed import IntegrationChanger
from handlers.sync_moves import SyncMoves
from handlers.timers import Timers
from messages.integration_changed import IntegrationChanged
from repositories.stores import Stores
from workers.part import Part
from workers.resources import Resources, new_id, now
from workers.sync_requested import sync_remover, sync_runs

_TICK_S = 1.0


def build(resources: Resources) -> Sequence[Part]:
    changer = integration_changer(resources.stores, resources.settings)
    return [
        resources.runtime.single(IntegrationChanged, changer, concurrency=1),
        resources.runtime.periodic("integration", detachment(resources.stores).tick, _TICK_S),
    ]


def integration_changer(stores: Stores, settings: Settings) -> IntegrationChanger:
    return IntegrationChanger(stores.integrations, settings.organisation.name, now)


def detachment(stores: Stores) -> Detachment:
    return Detachment(
        integrations=stores.integrations,
        campaigns=CampaignMoves(stores.campaigns, stores.emails, stores.slices, now),
        offline=stores.campaigns,
        series=stores.series,
        entries=stores.series_entries,
        syncs=SyncMoves(stores.syncs, sync_runs(stores)),
        remove=sync_remover(stores),
        leases=stores.leases,
        traffic=CrmTraffic(stores.leases, new_id),
        timers=Timers(now),
        owner=new_id(),
    )
