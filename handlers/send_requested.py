"""A reviewed campaign is to be sent, now or later (R70, D7, D9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.asset_findings import deleted_videos, with_asset_findings
from domain.campaign import Campaign, CampaignStatus, changed_since_review
from domain.chains import heads
from domain.errors import Changed, IllegalTransition, NotReady, UnknownCampaign
from domain.findings import Finding, blocking
from domain.organisation import Organisation
from handlers.asset_check import AssetCheck
from handlers.ports import Campaigns, Clock, Slices
from messages.base import Message
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested

_S = CampaignStatus


@dataclass(frozen=True, slots=True)
class SendStarter:
    """Plans the batches of a reviewed campaign and begins the chains in which they are sent."""

    campaigns: Campaigns
    slices: Slices
    organisation: Organisation
    now: Clock
    chains: int = 32  #: batches of one campaign that are under way at once
    look_at_assets: AssetCheck | None = None  #: None: nobody looks at links, images and videos again

    async def __call__(self, message: SendRequested) -> Sequence[Message]:
        """The first batch of each chain; nothing for a campaign that is sent later, or cancelled for a deleted video.

        A campaign that is being sent already gets the batches at which its chains stand.

        Raises:
            UnknownCampaign: there is no such campaign.
            IllegalTransition: it is not reviewed; the text says what to type.
            NotReady: the company details are missing (R38), it is being reopened, or a link or an image is dead (R76).
            Changed: it is not what was reviewed; names the parts.
        """
        campaign = await self.campaigns.get(message.campaign_id)
        if campaign is None:
            raise UnknownCampaign(f"campaign {message.campaign_id} is not stored; `campaigns campaign show` lists all")
        if campaign.status is _S.SENDING:
            return offers(campaign, [each.number for each in await self.slices.unfinished(campaign.id)])
        if message.due is not None and not _stands(campaign, message.due):
            return []
        self.check(campaign)
        if message.at is not None and message.at > self.now():
            await self._schedule(campaign, message.at)
            return []
        found = await self.look_at_assets(campaign.content) if self.look_at_assets else ()
        if reason := deleted_videos(found):
            return await self._cancel(_with(campaign, found), reason)
        if dead := blocking(found):
            await self._refuse(_with(campaign, found), "; ".join(finding.text for finding in dead))
        return await self._begin(_with(campaign, found))

    def check(self, campaign: Campaign) -> None:
        """
        Raises:
            IllegalTransition, NotReady, Changed: as above; what keeps a campaign from being sent.
        """
        _check_status(campaign)
        if campaign.reviewed_hash is None:
            raise NotReady(f"campaign {campaign.id} is being reopened: campaigns campaign reopen {campaign.id}")
        if changed := changed_since_review(campaign):
            raise Changed(
                f"campaign {campaign.id} is not what was reviewed, changed: {', '.join(changed)}; "
                f"have it reviewed again: campaigns campaign reopen {campaign.id}"
            )
        if missing := self.organisation.missing:
            variables = ", ".join(f"CAMPAIGNS_ORGANISATION__{detail.upper().replace(' ', '_')}" for detail in missing)
            raise NotReady(f"campaign {campaign.id} cannot be sent without the company details: set {variables}")

    async def _schedule(self, campaign: Campaign, at: datetime) -> None:
        if campaign.status is _S.SCHEDULED and campaign.send_at == at:
            return
        due = replace(campaign, status=_S.SCHEDULED, send_at=at, status_at=self.now(), status_reason=None)
        await self.campaigns.save(due, expected={_S.REVIEWED, _S.SCHEDULED})

    async def _cancel(self, campaign: Campaign, reason: str) -> Sequence[Message]:
        """R76. The scheduler skips its rows, as those of every cancelled campaign."""
        cancelled = replace(campaign.moved_to(_S.CANCELLED, reason, at=self.now()), send_at=None)
        await self.campaigns.save(cancelled, expected={campaign.status})
        return []

    async def _refuse(self, campaign: Campaign, reason: str) -> None:
        """It stays as it was, or reviewed when its time had come: what is dead may come back."""
        if campaign.status_reason != reason or self._is_due(campaign):
            refused = replace(campaign, status_reason=reason)
            if self._is_due(campaign):
                refused = replace(refused, status=_S.REVIEWED, status_at=self.now(), send_at=None)
            await self.campaigns.save(refused, expected={campaign.status})
        raise NotReady(
            f"campaign {campaign.id} is not sent: {reason}; bring it back and type campaigns campaign send "
            f"{campaign.id}, or change it: campaigns campaign reopen {campaign.id}"
        )

    def _is_due(self, campaign: Campaign) -> bool:
        return campaign.send_at is not None and campaign.send_at <= self.now()

    async def _begin(self, campaign: Campaign) -> Sequence[Message]:
        """Batches first: a campaign that is `sending` has them all."""
        numbers = range(campaign.slices)
        await self.slices.plan(campaign.id, numbers)
        sending = replace(campaign.moved_to(_S.SENDING, at=self.now()), chains=self.chains, send_at=None)
        sending = await self.campaigns.save(sending, expected={_S.REVIEWED, _S.SCHEDULED})
        return offers(sending, numbers)


def offers(campaign: Campaign, unfinished: Sequence[int]) -> list[Message]:
    """Messages with which every chain goes on. Workers drop what is under way or done: repeats are harmless."""
    return [
        SendBatch(campaign_id=campaign.id, slice=number)
        for number in heads(campaign.slices, campaign.chains, unfinished)
    ]


def _with(campaign: Campaign, found: Sequence[Finding]) -> Campaign:
    """The campaign, whose report says what was found last."""
    return replace(campaign, report=with_asset_findings(campaign.report, found)) if campaign.report else campaign


def _stands(campaign: Campaign, due: datetime) -> bool:
    """Whether it is still to be sent at that time: the scheduler's word may have waited in the queue."""
    return campaign.status is _S.SCHEDULED and campaign.send_at == due


_INSTEAD = {
    _S.DRAFT: "have it reviewed first: campaigns campaign review {id}",
    _S.SYNCING_RECIPIENTS: "its review is under way: campaigns campaign show {id}",
    _S.TO_BE_REVIEWED: "its review is under way: campaigns campaign show {id}",
    _S.IN_REVIEW: "its review is under way: campaigns campaign show {id}",
    _S.REJECTED: "mend it and have it reviewed again: campaigns campaign reopen {id}",
    _S.PAUSED: "go on with it: campaigns campaign resume {id}",
}


def _check_status(campaign: Campaign) -> None:
    if campaign.status not in {_S.REVIEWED, _S.SCHEDULED}:
        why = f" ({campaign.status_reason})" if campaign.status_reason else ""
        instead = _INSTEAD.get(campaign.status, "send another one: campaigns campaign create ID")
        raise IllegalTransition(
            f"campaign {campaign.id} is {campaign.status}{why} and cannot be sent; {instead.format(id=campaign.id)}"
        )
