"""Looks at the links, images and videos of a content, as they are now (R76)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.asset_findings import asset_findings, deleted_videos, is_sample, with_asset_findings
from domain.assets import assets_of, changed_assets, hashes_of_assets
from domain.campaign import Campaign, Content
from domain.findings import Finding, blocking
from domain.policy import Policy
from domain.videos import SITES, VideoSite
from handlers.ports.checks import Assets


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What came of it."""

    findings: tuple[Finding, ...] = ()  #: the worst first
    hashes: Mapping[str, str] = field(default_factory=dict)  #: of images and video files that could be described

    @property
    def deleted(self) -> str | None:
        """What cancels the campaign: a video is gone for good."""
        return deleted_videos(self.findings)

    @property
    def dead(self) -> str | None:
        """What keeps the campaign from being sent until it is back."""
        return "; ".join(finding.text for finding in blocking(self.findings)) or None

    def changed_since_review_of(self, campaign: Campaign) -> str | None:
        """What keeps it from being sent until it is reviewed again (D9)."""
        changed = changed_assets(campaign.reviewed_assets, self.hashes)
        return f"changed since its review: {', '.join(changed)}" if changed else None

    def told_in(self, campaign: Campaign) -> Campaign:
        """The campaign, whose report says what was found last."""
        if campaign.report is None:
            return campaign
        return replace(campaign, report=with_asset_findings(campaign.report, self.findings))


@dataclass(frozen=True, slots=True)
class AssetCheck:
    assets: Assets
    sites: tuple[VideoSite, ...] = SITES
    policy: Policy = field(default_factory=Policy)

    async def __call__(self, content: Content) -> LookedAt:
        """What is wrong with them, and what they are.

        Raises:
            TemplateInvalid: a merge field is not written as one.
        """
        found = assets_of(content, self.sites)
        proofs = {proof for asset in found for proof in asset.proofs if not is_sample(proof)}
        fetched = await self.assets.fetch(proofs) if proofs else {}
        return LookedAt(self.policy.judged(asset_findings(found, fetched)), hashes_of_assets(found, fetched))
