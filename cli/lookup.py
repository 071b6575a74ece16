"""Finding what a command names, or saying that it is not there."""

from __future__ import annotations

from domain.books import Books
from domain.campaign import Campaign
from domain.contact import Contact, contact_id
from domain.errors import InvalidDefinition, UnknownCampaign, UnknownSync
from domain.lists import MailingList
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


async def books(stores: Stores, campaign: Campaign) -> Books:
    """The books as they stand; nobody is selected before the first review."""
    return await stores.emails.books(campaign.id, campaign.report.selected if campaign.report else 0)


async def sync(stores: Stores, sync_id: str) -> Sync:
    """
    Raises:
        UnknownSync: there is none with this id.
    """
    found = await stores.syncs.get(sync_id)
    if found is None:
        raise UnknownSync(f"there is no sync {sync_id}; `campaigns sync show` lists all")
    return found


async def mailing_list(stores: Stores, list_id: str) -> MailingList:
    """
    Raises:
        InvalidDefinition: there is none with this id.
    """
    found = await stores.lists.get(list_id)
    if found is None:
        raise InvalidDefinition(f"there is no list {list_id}; `campaigns list create {list_id}`")
    return found


async def contact(stores: Stores, identity: str, key: bytes) -> Contact | None:
    """Who has this address, as `domain.contact.address` spells it."""
    found = contact_id(identity, key)
    return (await stores.contacts.load([found])).get(found)
