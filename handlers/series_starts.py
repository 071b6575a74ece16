"""The messages of a series that runs begin to be sent as soon as they are reviewed, and go on as long as it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import structlog

from domain.approval import approval_missing
from domain.campaign import Campaign, CampaignStatus, changed_since_review
from domain.errors import Conflict
from domain.organisation import Organisation
from domain.series import Series
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.series_assets import SeriesAssets

_S = CampaignStatus
#: Nothing brings such a message back. One that went offline did so with its series.
_OVER = frozenset({_S.SENT, _S.STOPPED, _S.CANCELLED})
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Stand:
    """How the messages of a series stand, by key."""

    sending: Mapping[str, Campaign] = field(default_factory=dict)
    over: frozenset[str] = frozenset()  #: their campaigns have ended: nobody waits for them


@dataclass(frozen=True, slots=True)
class SeriesStarts:
    campaigns: Campaigns
    organisation: Organisation
    assets: SeriesAssets
    now: Clock
    chains: int = 4  #: batches of one message that are under way at once: they share the urgent lane with others'

    async def __call__(self, series: Series) -> Stand:
        """Which of them send. What is reviewed begins to."""
        found = [(step.key, await self.campaigns.get(step.campaign_id)) for step in series.steps]
        began = [(key, await self._begun(series, child)) for key, child in found if child is not None]
        ours = {key: child for key, child in began if child.series == series.id}
        return Stand(
            {key: child for key, child in ours.items() if child.status is _S.SENDING},
            frozenset(key for key, child in ours.items() if child.status in _OVER),
        )

    async def _begun(self, series: Series, child: Campaign) -> Campaign:
        if child.status is not _S.REVIEWED or child.series != series.id:
            return child
        if reason := self._held_back(child):
            return await self._told(child, reason)
        fit = await self.assets(series, child)
        if fit is None:
            return await self.campaigns.get(child.id) or child
        sending = replace(fit.moved_to(_S.SENDING, at=self.now()), chains=self.chains, send_at=None)
        try:
            sending = await self.campaigns.save(sending, expected={_S.REVIEWED})
        except Conflict:
            return child  # somebody reopened it: the next look sees how it stands
        _log.info("series_message_sends", series_id=series.id, campaign_id=child.id)
        return sending

    def _held_back(self, child: Campaign) -> str | None:
        """Why a reviewed message cannot be sent, as with every campaign; None when it can."""
        if child.reviewed_hash is None:
            return "it is being reopened"
        if changed := changed_since_review(child):
            return f"changed since its review: {', '.join(changed)}"
        if missing := self.organisation.missing:
            return f"the company details are missing: {', '.join(missing)}"
        return approval_missing(child, self.organisation)

    async def _told(self, child: Campaign, reason: str) -> Campaign:
        """The campaign, which says why it does not send; nothing is written where it says so already."""
        if child.status_reason == reason:
            return child
        try:
            return await self.campaigns.save(replace(child, status_reason=reason), expected={_S.REVIEWED})
        except Conflict:
            return child
