"""R74: a campaign is sent when every email has ended and the books balance (X2).

A message of a series is not: somebody else may come to it, as long as its series goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from domain.campaign import Campaign, CampaignStatus
from domain.slices import SliceState
from handlers.batch_cutter import BatchCutter
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails, Slices
from handlers.timers import LONGEST_S, Timers
from messages.base import Message

_ANY_TIME = timedelta(days=3650)
_log = structlog.get_logger()


async def _nothing(campaign: Campaign) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class CampaignEnd:
    campaigns: Campaigns
    emails: Emails
    slices: Slices
    cut: BatchCutter
    timers: Timers
    now: Clock
    books_every_s: float = 5  #: at first: counting a ledger takes a while, and what does not balance now seldom will
    #: Whether ended rows are to be taken up again: doubts, where the organisation has them sent once more.
    awaits: Callable[[Campaign], Awaitable[bool]] = _nothing

    async def __call__(self, campaign: Campaign) -> Sequence[Message]:
        """Batches of what was left behind, where the campaign would end without them."""
        if campaign.series is not None:
            return await self._looked_through(campaign)
        timer = f"books:{campaign.id}"
        if await self._goes_on(campaign):
            self.timers.stop(timer)
            return []
        if not self.timers.is_time(timer, self.books_every_s, longest_s=LONGEST_S):
            return []
        return await self._counted(campaign)

    async def _looked_through(self, campaign: Campaign) -> Sequence[Message]:
        """It lives for years, and its whole ledger is gone through: seldom, however much comes to it meanwhile."""
        if not self.timers.is_time(f"left behind:{campaign.id}", LONGEST_S) or await self._goes_on(campaign):
            return []
        return await self._left_behind(campaign)

    async def _goes_on(self, campaign: Campaign) -> bool:
        """Whether a batch is unfinished, or emails wait for their time; finding one is cheap."""
        if await self.slices.unfinished_from(campaign.id, 0, most=1):
            return True
        return bool(await self.emails.due(campaign.id, self.now() + _ANY_TIME, 1)) or await self.awaits(campaign)

    async def _counted(self, campaign: Campaign) -> Sequence[Message]:
        books = await self.emails.books(campaign.id, campaign.report.selected if campaign.report else 0)
        if books.open:
            return await self._left_behind(campaign)
        if books.balanced:
            sent = campaign.moved_to(CampaignStatus.SENT, at=self.now())
            await self.campaigns.save(sent, expected={CampaignStatus.SENDING})
            _log.info("campaign_sent", campaign_id=campaign.id)
        else:
            _log.error("books_do_not_balance", campaign_id=campaign.id, selected=books.selected, ended=books.ended)
        return []

    async def _left_behind(self, campaign: Campaign) -> Sequence[Message]:
        """Batches of emails that are open in a batch that is done, as when a scheduler froze while it filled it.

        Nobody would ever come to them, and nobody is sending them: what is done stays done.
        """
        messages: list[Message] = []
        for number in (await self.emails.open_slices(campaign.id))[: max(1, campaign.chains)]:
            known = await self.slices.holding(campaign.id, number)
            if known is None or known.state is SliceState.DONE:
                ids = [row.id for row in await self.emails.due_in_slice(campaign.id, number)]
                _log.warning("emails_left_behind", campaign_id=campaign.id, slice=number, emails=len(ids))
                messages.append(await self.cut(campaign, ids, out_of=number))
        return messages
