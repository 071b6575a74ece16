"""A campaign is to be reviewed: in slices, each of which any worker may do, again if need be (R54-R67)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from domain.campaign import NEXT, UNDER_REVIEW, Campaign, CampaignStatus
from domain.errors import IllegalTransition, InvalidMessage, UnknownCampaign
from domain.slices import Run, RunSlice
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.operations import Leases
from handlers.ports.syncing import Runs
from handlers.review_eligibility import EligibilityPhase
from handlers.review_end import ReviewEnd
from handlers.review_start import ELIGIBILITY, RECIPIENTS, ReviewStart, check_not_of_series
from messages.base import Message
from messages.review_requested import ReviewRequested

_S = CampaignStatus
#: How long slices offered once are not offered again because of a repeated message: hundreds of repeats would
#: otherwise offer hundreds of slices each.
OFFER_S = 60.0

Phase: TypeAlias = Callable[[Campaign, RunSlice], Awaitable[Mapping[str, int]]]


def check_joins(campaign: Campaign, *, include_existing_members: bool) -> None:
    """Whether the review under way is the one that is asked for.

    Raises:
        IllegalTransition: it leaves out the existing members of the list, who are asked for.
        NotReady: it is a message of a series, which is reviewed without people.
    """
    if include_existing_members and not campaign.include_existing_members:
        check_not_of_series(campaign)
        raise IllegalTransition(
            f"a review of campaign {campaign.id} is under way, without the existing members of its list; let it end, "
            f"then: campaigns campaign reopen {campaign.id} and "
            f"campaigns campaign review {campaign.id} --include-existing-members"
        )


@dataclass(frozen=True, slots=True)
class CampaignReviewer:
    """Reviews a campaign. A crash between any two steps is mended by the repeat of the message it was at."""

    campaigns: Campaigns
    runs: Runs
    leases: Leases
    start: ReviewStart
    recipients: Phase
    eligibility: EligibilityPhase
    end: ReviewEnd
    now: Clock

    async def __call__(self, message: ReviewRequested) -> Sequence[Message]:
        """The slices to do next, if this message is the one to say so.

        Raises:
            UnknownCampaign: there is no such campaign.
            IllegalTransition, NotReady: see `ReviewStart`, and `check_joins`.
        """
        campaign = await self.campaigns.get(message.campaign_id)
        if campaign is None:
            raise UnknownCampaign(f"campaign {message.campaign_id} is not stored; `campaigns campaign show` lists all")
        if message.run_id is None:
            return await self._begun(campaign, message)
        return await self._slice(campaign, message)

    async def _begun(self, campaign: Campaign, message: ReviewRequested) -> Sequence[Message]:
        """The slices of a new review, or those not yet done of the one under way; none when it was answered before."""
        run, request = await self._run_of(campaign), message.request_id or ""
        if run is None:
            if await self._is_answered(campaign, request):
                return []
            campaign, run = await self.start(
                campaign,
                include_existing_members=message.include_existing_members,
                confirmed_by=message.confirmed_by,
                request=request,
            )
        elif request not in run.requests and not await self._is_answered(campaign, request):
            check_joins(campaign, include_existing_members=message.include_existing_members)
        if request and request not in run.requests:
            await self.runs.join(run.id, request)
        return await self._gone_on(campaign, run, offered_by="request")

    async def _slice(self, campaign: Campaign, message: ReviewRequested) -> Sequence[Message]:
        if campaign.status not in UNDER_REVIEW or campaign.review_run != message.run_id:
            return []  # cancelled, reopened or judged in the meantime
        if message.run_id is None or message.slice is None:
            return []
        part = await self._part_of(message.run_id, message.slice, message.phase)
        if part is not None and message.phase == part.phase:
            if not part.is_done:
                part = await self._done(campaign, part)
            if message.phase == part.phase and not part.completes:
                return []
        run = await self._run_of(campaign)
        return [] if run is None else await self._gone_on(campaign, run, offered_by=f"{message.phase}.{message.slice}")

    async def _run_of(self, campaign: Campaign) -> Run | None:
        """The review under way, or None."""
        if campaign.status not in UNDER_REVIEW or campaign.review_run is None:
            return None
        return await self.runs.get(campaign.review_run)

    async def _part_of(self, run_id: str, number: int, phase: str | None) -> RunSlice | None:
        """A slice of the review; None when it went on from this phase to the next one, which has fewer of them."""
        try:
            return await self.runs.slice(run_id, number)
        except InvalidMessage:
            run = await self.runs.get(run_id)
            if run is None or run.phase == phase:
                raise
            return None

    async def _is_answered(self, campaign: Campaign, request: str) -> bool:
        """Whether this very request had its review: the broker may deliver it again long after the verdict.

        A run that is open, and not the campaign's, was made by a worker that died before it locked the draft.
        """
        run = await self.runs.asked(campaign.id, request) if request else None
        return run is not None and (run.ended_at is not None or run.id == campaign.review_run)

    async def _done(self, campaign: Campaign, part: RunSlice) -> RunSlice:
        """The slice once its work is done."""
        phase: Phase = self.recipients if part.phase == RECIPIENTS else self.eligibility
        counts = await phase(campaign, part)
        after = await self.runs.finish_slice(part.run_id, part.phase, part.number, counts)
        return after or await self._part_of(part.run_id, part.number, part.phase) or part

    async def _gone_on(self, campaign: Campaign, run: Run, *, offered_by: str) -> Sequence[Message]:
        """The next phase for a run that has nothing left to do in this one; what is left to do otherwise."""
        if run.phase == RECIPIENTS and run.complete:
            campaign = await self._moved(campaign, _S.TO_BE_REVIEWED)
            run = await self.runs.advance(run, ELIGIBILITY, await self.eligibility.ranges(campaign, run))
        if run.phase == ELIGIBILITY:
            campaign = await self._moved(campaign, _S.IN_REVIEW)
            if run.complete:
                await self.end(campaign, run)
                return []
        return await self._offered(campaign, run, offered_by)

    async def _offered(self, campaign: Campaign, run: Run, offered_by: str) -> Sequence[Message]:
        """All slices to do, unless another message has offered them within `OFFER_S`."""
        if not await self.leases.take(f"offer:{run.id}:{run.phase}", offered_by, OFFER_S):
            return []
        return [
            ReviewRequested(
                campaign_id=campaign.id,
                include_existing_members=campaign.include_existing_members,
                run_id=run.id,
                phase=run.phase,
                slice=keys.number,
            )
            for keys in run.ranges
            if keys.number not in run.done
        ]

    async def _moved(self, campaign: Campaign, status: CampaignStatus) -> Campaign:
        """The campaign one status on; as it is when it is there already, or beyond."""
        if status not in NEXT[campaign.status]:
            return campaign
        moved = campaign.moved_to(status, at=self.now())
        return await self.campaigns.save(moved, expected={campaign.status})
