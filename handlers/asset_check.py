"""Looks at the links, images and videos of a content, as they are now (R76)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.asset_findings import asset_findings, is_sample
from domain.assets import assets_of
from domain.campaign import Content
from domain.findings import Finding
from domain.videos import SITES, VideoSite
from handlers.ports import Assets


@dataclass(frozen=True, slots=True)
class AssetCheck:
    assets: Assets
    sites: tuple[VideoSite, ...] = SITES

    async def __call__(self, content: Content) -> Sequence[Finding]:
        """What is wrong with them, errors first."""
        found = assets_of(content, self.sites)
        proofs = {proof for asset in found for proof in asset.proofs if not is_sample(proof)}
        return asset_findings(found, await self.assets.fetch(proofs) if proofs else {})
