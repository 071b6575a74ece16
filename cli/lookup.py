"""Finding what a command names, or saying that it is not there."""

from __future__ import annotations

from domain.books import Books
from domain.campaign import Campaign
from domain.contact import Contact, contact_id
from domain.errors import InvalidDefinition, UnknownCampaign, UnknownSeries, UnknownSync
from domain.lists import MailingList
from domain.series import Series
from domain.sync import Sync
from repositories.stores import Stores

_MOST_NAMED = 8  #: messages of a series that are named


async def campaign(stores: Stores, campaign_id: str) -> Campaign:
    """
    Raises:
        UnknownCampaign: there is none with this id.
    """
    found = await stores.campaigns.get(campaign_id)
    if found is not None:
        return found
    if (series := await stores.series.get(campaign_id)) is not None:
        raise UnknownCampaign(_is_series(series))
    raise UnknownCampaign(f"there is no campaign {campaign_id}; `campaigns campaign show` lists all")


async def series(stores: Stores, series_id: str) -> Series:
    """
    Raises:
        UnknownSeries: there is none with this id.
    """
    found = await stores.series.get(series_id)
    if found is not None:
        return found
    campaign = await stores.campaigns.get(series_id)
    if campaign is not None and campaign.series is not None:
        raise UnknownSeries(
            f"{series_id} is no series, but a message of series {campaign.series}: campaigns series show "
            f"{campaign.series}; the message by itself: campaigns campaign show {series_id}"
        )
    raise UnknownSeries(f"there is no series {series_id}; `campaigns series list` shows all")


def _is_series(series: Series) -> str:
    """What to say to somebody who takes a series for a campaign."""
    known = [step.campaign_id for step in series.steps]
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return (
        f"{series.id} is a series, and no campaign: campaigns series show {series.id}; its messages are the campaigns "
        f"{', '.join(known[:_MOST_NAMED])}{more}"
    )


async def books(stores: Stores, campaign: Campaign) -> Books:
    """The books as they stand; nobody is selected before the first review.

    Of a message of a series everybody is whose turn it was.
    """
    return await stores.emails.books(campaign.id, await _selected(stores, campaign))


async def _selected(stores: Stores, campaign: Campaign) -> int:
    found = await stores.series.get(campaign.series) if campaign.series else None
    if found is None:
        return campaign.report.selected if campaign.report else 0
    step = found.step_of(campaign.id)
    planned = (await stores.series_entries.counts(found.id)).planned
    return planned.get(step.key, 0) if step else await _planned(stores, campaign)


async def _planned(stores: Stores, campaign: Campaign) -> int:
    """Of a message that was taken out of its series: its ledger alone still says."""
    return sum((await stores.emails.books(campaign.id, 0)).states.values())


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
