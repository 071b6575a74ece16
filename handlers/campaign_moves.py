"""What people do with a campaign on its way: pause, resume, cancel, stop, reopen, unschedule (R66, R75, R77).

Each may be told twice. A crash in the middle is mended by telling it again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from domain.campaign import NEXT, Campaign, CampaignStatus
from domain.email import SkipReason
from domain.errors import IllegalTransition, UnknownCampaign
from domain.slices import Slice, SliceState
from handlers.abandoned import put_in_doubt
from handlers.batch_cutter import offer
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails, Slices
from messages.base import Message

_S = CampaignStatus
ENDED_EARLY = frozenset({_S.CANCELLED, _S.STOPPED})
#: Why what was not sent is skipped, of campaigns that do not go on.
_SKIPPED_AS: Mapping[CampaignStatus, SkipReason] = {
    **dict.fromkeys(ENDED_EARLY, SkipReason.CANCELLED),
    _S.OFFLINE: SkipReason.OFFLINE,
}


@dataclass(frozen=True, slots=True)
class CampaignMoves:
    """Every method raises UnknownCampaign, IllegalTransition (the text says from where it can be done), or Conflict."""

    campaigns: Campaigns
    emails: Emails
    slices: Slices
    now: Clock

    async def pause(self, campaign_id: str, reason: str) -> Campaign:
        """The campaign, paused. Workers look every second; what they sent until then counts."""
        return await self._moved(campaign_id, _S.PAUSED, reason)

    async def resume(self, campaign_id: str) -> Sequence[Message]:
        """The batches with which the campaign goes on."""
        campaign = await self._moved(campaign_id, _S.SENDING, only_from={_S.PAUSED, _S.SENDING})
        heads = await self.slices.heads(campaign_id, campaign.slices, campaign.chains)
        return [offer(each, campaign) for each in heads]

    async def cancel(self, campaign_id: str, reason: str) -> bool:
        """End it for good before or while it is sent; see `settle` for the answer."""
        await self._moved(campaign_id, _S.CANCELLED, reason)
        return await self.settle(campaign_id)

    async def stop(self, campaign_id: str, reason: str) -> bool:
        """End it with part of it sent; see `settle` for the answer."""
        await self._moved(campaign_id, _S.STOPPED, reason)
        return await self.settle(campaign_id)

    async def settle(self, campaign_id: str) -> bool:
        """Skip what a campaign that was ended early, or is offline, has not sent; False while workers hold part of it.

        A worker's emails are skipped only when it has let go of them: it may be sending them. Call again until True.
        """
        campaign = await self._stored(campaign_id)
        if campaign.status not in _SKIPPED_AS:
            return True
        abandoned = await self.slices.abandoned(campaign_id)
        await self._give_up(abandoned)
        if _held(await self.slices.held(campaign_id), abandoned):
            return False
        await self.emails.skip_open(campaign_id, _SKIPPED_AS[campaign.status], self.now())
        return True

    async def reopen(self, campaign_id: str) -> Campaign:
        """A reviewed or rejected campaign as a draft again; its unsent rows are dropped."""
        campaign = await self._stored(campaign_id)
        if campaign.status is _S.DRAFT:
            return campaign
        _check(campaign, _S.DRAFT)
        if campaign.reviewed_hash is not None:
            # Nothing sends it from here on, so that no row is dropped while a worker reads it.
            campaign = await self.campaigns.save(replace(campaign, reviewed_hash=None), expected={campaign.status})
        if campaign.series is None:  # people wait for a message of a series, whatever becomes of it
            await self.emails.drop(campaign_id)
        draft = replace(campaign.moved_to(_S.DRAFT, at=self.now()), report=None, review_run=None, slices=0)
        draft = replace(draft, reviewed_assets={}, approval=None)
        return await self.campaigns.save(draft, expected={campaign.status})

    async def unschedule(self, campaign_id: str) -> Campaign:
        """A scheduled campaign as a reviewed one again."""
        campaign = await self._stored(campaign_id)
        if campaign.status is _S.REVIEWED:
            return campaign
        _check(campaign, _S.REVIEWED, only_from={_S.SCHEDULED})
        reviewed = replace(campaign.moved_to(_S.REVIEWED, at=self.now()), send_at=None, local_time=None)
        return await self.campaigns.save(reviewed, expected={_S.SCHEDULED})

    async def _moved(
        self,
        campaign_id: str,
        status: CampaignStatus,
        reason: str | None = None,
        only_from: Collection[CampaignStatus] = frozenset(_S),
    ) -> Campaign:
        campaign = await self._stored(campaign_id)
        if campaign.status is status:
            return campaign
        _check(campaign, status, only_from=only_from)
        return await self.campaigns.save(campaign.moved_to(status, reason, at=self.now()), expected={campaign.status})

    async def _stored(self, campaign_id: str) -> Campaign:
        campaign = await self.campaigns.get(campaign_id)
        if campaign is None:
            raise UnknownCampaign(f"campaign {campaign_id} is not stored; `campaigns campaign show` lists all")
        return campaign

    async def _give_up(self, abandoned: Sequence[Slice]) -> None:
        """Rows that a dead worker may have sent are in doubt; they are not called skipped."""
        for each in abandoned:
            if each.state is SliceState.STARTED:
                await put_in_doubt(each, self.emails, self.slices, self.now())


def _held(held: Sequence[Slice], abandoned: Sequence[Slice]) -> bool:
    """Whether somebody holds a batch who is not dead."""
    return bool({each.number for each in held} - {each.number for each in abandoned})


def _check(campaign: Campaign, status: CampaignStatus, only_from: Collection[CampaignStatus] = frozenset(_S)) -> None:
    """Refuse a move that the table does not have, or that this wish does not mean."""
    possible = [before for before in _S if status in NEXT[before] and before in only_from]
    if campaign.status not in possible:
        why = f" ({campaign.status_reason})" if campaign.status_reason else ""
        raise IllegalTransition(
            f"campaign {campaign.id} is {campaign.status}{why} and cannot become {status}: only a campaign that is "
            f"{' or '.join(possible)} can. What can be done with it: campaigns campaign show {campaign.id}"
        )
