"""Commands of campaigns that are refused for a message of a series, with the command of its series to type instead."""

from __future__ import annotations

from domain.campaign import Campaign
from domain.errors import IllegalTransition
from domain.what_to_type import Wish, in_series, is_for_series
from repositories.stores import Stores


async def check_own(stores: Stores, campaign: Campaign, wish: Wish) -> None:
    """
    Raises:
        IllegalTransition: it is a message of a series, and this is not done with it by itself; says what to type.
    """
    if campaign.series is None:
        return
    series = await stores.series.get(campaign.series)
    if is_for_series(wish, campaign, series):
        raise IllegalTransition(in_series(wish, campaign, series))
