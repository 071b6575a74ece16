"""Reviews campaigns, slice by slice."""

from __future__ import annotations

from collections.abc import Sequence

from config.settings import Settings
from domain.campaign import Campaign
from domain.findings import Finding
from handlers.dry_run import DryRun
from handlers.review_eligibility import EligibilityPhase
from handlers.review_end import ReviewEnd
from handlers.review_people import People
from handlers.review_recipients import RecipientsPhase
from handlers.review_requested import CampaignReviewer
from handlers.review_start import ReviewStart
from messages.review_requested import ReviewRequested
from repositories.stores import Stores
from workers.options import address_key, batch_size, organisation
from workers.part import Part
from workers.resources import Resources, now
from workers.review_checks import review_checks


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


def dry_run(stores: Stores, settings: Settings) -> DryRun:
    """A review that locks and writes nothing; the command runs it by itself."""
    checks = review_checks(stores, settings)

    async def findings(campaign: Campaign) -> tuple[Finding, ...]:
        return (await checks(campaign)).findings

    return DryRun(
        start=review_start(stores, settings),
        people=_people(stores),
        syncs=stores.syncs,
        suppressions=stores.suppressions,
        findings=findings,
        address_key=address_key(settings),
        now=now,
        skip_roles=settings.organisation.skip_role_addresses,
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
            checks=review_checks(stores, settings),
            now=now,
        ),
        now=now,
    )


def _people(stores: Stores) -> People:
    return People(stores.records, stores.contacts, stores.modules, stores.selections)
