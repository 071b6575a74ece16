"""Finding what a command names, or saying that it is not there."""

from __future__ import annotations

from domain.campaign import Campaign
from domain.errors import UnknownCampaign, UnknownSync
from domain.sync import Sync
from repositories.stores import Stores


async def campaign(stores: Stores, campaign_id: str) -> Campaign:
    """
    Raises:
        UnknownCampaign: there is none with this id.
    """
    found = await stores.campaigns.get(campaign_id)
    if found is None:
        raise UnknownCampaign(f"there is no campaign {campaign_id}; `campaigns campaign show` lists all")
    return found


async def sync(stores: Stores, sync_id: str) -> Sync:
    """
    Raises:
        UnknownSync: there is none with this id.
    """
    found = await stores.syncs.get(sync_id)
    if found is None:
        raise UnknownSync(f"there is no sync {sync_id}; `campaigns sync show` lists all")
    return found
