"""Reviews campaigns, slice by slice."""

from __future__ import annotations

from collections.abc import Sequence

from config.settings import Settings
from handlers.review_eligibility import EligibilityPhase
from handlers.review_end import ReviewEnd
from handlers.review_people import People
from handlers.review_recipients import RecipientsPhase
from handlers.review_requested import CampaignReviewer
from handlers.review_start import ReviewStart
from messages.review_requested import ReviewRequested
from repositories.stores import Stores
from workers.dkim_keys import dkim_keys
from workers.options import address_key, batch_size, organisation, signing_keys
from workers.part import Part
from workers.resources import Resources, now


def build(resources: Resources) -> Sequence[Part]:
    concurrency = resources.settings.workers.concurrency
    return [resources.runtime.single(ReviewRequested, _reviewer(resources), concurrency=concurrency)]


def review_start(stores: Stores, settings: Settings) -> ReviewStart:
    """The beginning of a review; the command asks it what is missing before it publishes anything."""
    return ReviewStart(
        campaigns=stores.campaigns,
        runs=stores.review_runs,
        lists=stores.lists,
        topics=stores.topics,
        syncs=stores.syncs,
        people=_people(stores),
        organisation=organisation(settings),
        now=now,
    )


def _reviewer(resources: Resources) -> CampaignReviewer:
    stores, settings = resources.stores, resources.settings
    eligibility = EligibilityPhase(
        people=_people(stores),
        suppressions=stores.suppressions,
        emails=stores.emails,
        address_key=address_key(settings),
        now=now,
        batch_size=batch_size(settings),
    )
    return CampaignReviewer(
        campaigns=stores.campaigns,
        runs=stores.review_runs,
        leases=stores.leases,
        start=review_start(stores, settings),
        recipients=RecipientsPhase(_people(stores), stores.syncs, resources.carry_over),
        eligibility=eligibility,
        end=ReviewEnd(
            campaigns=stores.campaigns,
            runs=stores.review_runs,
            emails=stores.emails,
            eligibility=eligibility,
            organisation=organisation(settings),
            keys=signing_keys(settings),
            dkim=dkim_keys(settings),
            now=now,
        ),
        now=now,
    )


def _people(stores: Stores) -> People:
    return People(stores.records, stores.contacts, stores.modules)
