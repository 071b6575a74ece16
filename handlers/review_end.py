"""The end of a review: the checks, the report, and the verdict (R59-R64)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain import review
from domain.campaign import Campaign, CampaignStatus, Report, hash_of
from domain.findings import Finding
from domain.slices import Run
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails
from handlers.ports.syncing import Runs
from handlers.review_checks import ReviewChecks
from handlers.review_eligibility import EligibilityPhase


@dataclass(frozen=True, slots=True)
class ReviewEnd:
    """Judges a campaign whose people are all decided on."""

    campaigns: Campaigns
    runs: Runs
    emails: Emails
    eligibility: EligibilityPhase
    checks: ReviewChecks
    now: Clock

    async def __call__(self, campaign: Campaign, run: Run) -> None:
        """
        Raises:
            Conflict: somebody else judged it, or cancelled it, at the same time.
        """
        looked = await self.checks(campaign)
        result = await self._report(campaign, run, looked.findings)
        reason = review.why_rejected(result, people_come_later=campaign.series is not None)
        judged = replace(self._judged(campaign, reason, looked.hashes), report=result)
        batches = self.eligibility.batch_count(run)
        # The verdict comes last: until it stands, a repeat of the last slice comes here again.
        await self.runs.end(run.id, self.now())
        await self.campaigns.save(replace(judged, slices=batches), expected={CampaignStatus.IN_REVIEW})

    async def _report(self, campaign: Campaign, run: Run, found: tuple[Finding, ...]) -> Report:
        if campaign.series is not None:
            return Report(findings=found)  # whoever stands in its ledger was not picked by this review
        return review.report(run.counts, await self.emails.books(campaign.id, 0), found)

    def _judged(self, campaign: Campaign, reason: str | None, assets: Mapping[str, str]) -> Campaign:
        if reason is not None:
            return campaign.moved_to(CampaignStatus.REJECTED, reason, at=self.now())
        reviewed = campaign.moved_to(CampaignStatus.REVIEWED, at=self.now())
        return replace(reviewed, reviewed_hash=hash_of(campaign), reviewed_assets=assets)
