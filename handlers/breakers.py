"""D11: a campaign that does harm is paused with the reason, goes on by itself once, and is cancelled next time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from domain.breakers import Cancel, Counts, Pause, Trip, Warn, may_trip, resumes, tripped
from domain.campaign import Campaign, CampaignStatus
from handlers.batch_cutter import offer
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails, Slices
from handlers.timers import Timers
from messages.base import Message

_WARN_EVERY_S = 86_400.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Breakers:
    """Looks at what a campaign that is being sent has done so far."""

    campaigns: Campaigns
    emails: Emails
    timers: Timers
    now: Clock
    every_s: float = 5
    #: How many of a campaign were tried at least. Counting them all takes longest; what does no harm by the number of
    #: a while ago does none by today's.
    tried: dict[str, int] = field(default_factory=dict)

    async def __call__(self, campaign: Campaign) -> Sequence[Message]:
        if self.timers.is_time(f"harm:{campaign.id}", self.every_s):
            counts = await self._counts(campaign)
            await self._acted(campaign, tripped(counts, campaign.trip), counts)
        return []

    async def _counts(self, campaign: Campaign) -> Counts:
        harm = await self.emails.harm(campaign.id)
        known = replace(harm, tried=self.tried.get(campaign.id, 0))
        if not may_trip(known, campaign.trip):
            return known
        self.tried[campaign.id] = await self.emails.tried(campaign.id)
        return replace(harm, tried=self.tried[campaign.id])

    async def _acted(self, campaign: Campaign, found: Warn | Pause | Cancel | None, counts: Counts) -> None:
        if isinstance(found, Warn):
            self._warned(campaign, found)
        elif found is not None and await self._goes_on(campaign):
            await self._broken(campaign, found, counts)

    def _warned(self, campaign: Campaign, found: Warn) -> None:
        if self.timers.is_time(f"warned:{campaign.id}:{found.rule}", _WARN_EVERY_S):
            _log.warning("campaign_does_harm", campaign_id=campaign.id, rule=found.rule, reason=found.reason)

    async def _goes_on(self, campaign: Campaign) -> bool:
        """Whether anything is left to be kept from being sent."""
        return bool((await self.emails.books(campaign.id, 0)).open)

    async def _broken(self, campaign: Campaign, found: Pause | Cancel, counts: Counts) -> None:
        at, number = self.now(), campaign.trip.number + 1 if campaign.trip else 1
        status = CampaignStatus.PAUSED if isinstance(found, Pause) else CampaignStatus.CANCELLED
        stopped = replace(campaign.moved_to(status, found.reason, at=at), trip=Trip(number, found.rule, at, counts))
        await self.campaigns.save(stopped, expected={CampaignStatus.SENDING})
        _log.error("breaker_tripped", campaign_id=campaign.id, status=status, rule=found.rule, reason=found.reason)


@dataclass(frozen=True, slots=True)
class Resumption:
    """A campaign that a breaker paused goes on a day later, once, unless somebody touched it."""

    campaigns: Campaigns
    slices: Slices
    now: Clock

    async def __call__(self, campaign: Campaign) -> Sequence[Message]:
        """The batches with which it goes on."""
        if not resumes(campaign.trip, campaign.status_at, self.now()):
            return []
        sending = campaign.moved_to(CampaignStatus.SENDING, "went on by itself after a day's pause", at=self.now())
        await self.campaigns.save(sending, expected={CampaignStatus.PAUSED})
        _log.warning("campaign_goes_on", campaign_id=campaign.id, rule=campaign.trip.rule if campaign.trip else None)
        heads = await self.slices.heads(campaign.id, campaign.slices, campaign.chains)
        return [offer(each, campaign) for each in heads]
