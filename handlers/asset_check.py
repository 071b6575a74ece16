"""Looks at the links, images and videos of a content, as they are now (R76)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.asset_findings import asset_findings, is_sample
from domain.assets import assets_of, hashes_of_assets
from domain.campaign import Content
from domain.findings import Finding
from domain.policy import Policy
from domain.videos import SITES, VideoSite
from handlers.ports.checks import Assets


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What came of it."""

    findings: tuple[Finding, ...] = ()  #: the worst first
    hashes: Mapping[str, str] = field(default_factory=dict)  #: of images and video files that could be described


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
