"""The checks of reviews, as the settings want them."""

from __future__ import annotations

from config.settings import Settings
from gateways.assets import HttpAssets
from gateways.mx import system_resolver
from gateways.sender_dns import DnsTexts
from gateways.spam_engine import SpamAssassin
from handlers.asset_check import AssetCheck
from handlers.review_checks import ReviewChecks
from repositories.stores import Stores
from workers.dkim_keys import dkim_keys
from workers.options import asset_options, organisation, review_policy, signing_keys, spamd_options
from workers.resources import now


def review_checks(stores: Stores, settings: Settings) -> ReviewChecks:
    """Connects to nobody until it checks.

    Raises:
        InvalidDefinition, KeyInvalid: the policy, or a DKIM key, is not what it should be.
    """
    spamd = spamd_options(settings)
    return ReviewChecks(
        organisation=organisation(settings),
        keys=signing_keys(settings),
        dkim=dkim_keys(settings),
        now=now,
        policy=review_policy(settings),
        look_at_assets=asset_check(settings),
        spam_engine=SpamAssassin(spamd) if spamd else None,
        sender_dns=DnsTexts(system_resolver()) if settings.review.sender_dns else None,
        lists=stores.lists,
        topics=stores.topics,
    )


def asset_check(settings: Settings) -> AssetCheck | None:
    """None where links, images and videos are not looked at."""
    if not settings.assets.check:
        return None
    return AssetCheck(HttpAssets(asset_options(settings)), policy=review_policy(settings))
