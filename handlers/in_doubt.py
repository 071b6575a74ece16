"""What becomes of emails of which nobody knows whether they went out: sent once more, or settled by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from domain.campaign import Campaign
from domain.email import NOT_SENT, EmailState
from domain.slices import Slice
from handlers.batch_cutter import offer
from handlers.ports.campaigns import Campaigns
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails, Slices
from messages.base import Message

_ANY_TIME = timedelta(days=3650)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SecondTries:
    """The policy `resend`: what is in doubt for longer than `after_s`, and never proved, is sent once more.

    Once to a row, with its Message-ID; in doubt again, it is held. Who has it twice cannot be known, only who may.
    """

    campaigns: Campaigns
    emails: Emails
    slices: Slices
    now: Clock
    after_s: float = 3600
    batch_size: int = 200

    async def __call__(self, campaign: Campaign) -> Sequence[Message]:
        """A batch of the oldest doubts; as many batches are under way as with deferrals."""
        ids = await self.emails.doubtful(campaign.id, self.now() - timedelta(seconds=self.after_s), self.batch_size)
        if not ids or await self._is_busy(campaign):
            return []
        number = await self.campaigns.take_slice_numbers(campaign.id, 1)
        await self.slices.plan(campaign.id, [number])
        again = await self.emails.resend(ids, number, self.now())
        _log.warning("doubts_sent_once_more", campaign_id=campaign.id, slice=number, emails=again)
        return [offer(Slice(campaign.id, number), campaign)]

    async def are_due_later(self, campaign: Campaign) -> bool:
        """Whether the campaign has doubts that this policy has yet to settle: it is not sent before that."""
        return bool(await self.emails.doubtful(campaign.id, self.now() + _ANY_TIME, 1))

    async def _is_busy(self, campaign: Campaign) -> bool:
        chains = max(1, campaign.chains)
        return await self.slices.unfinished_from(campaign.id, campaign.slices, most=chains) >= chains


class Verdict(StrEnum):
    """What a person knows of an email that was in doubt."""

    SENT = "sent"  #: it arrived, or the relay's log has it
    NOT_SENT = "not-sent"  #: the relay never had it


async def settle_by_hand(
    emails: Emails, campaign_id: str, ids: Sequence[str] | None, verdict: Verdict, *, by: str, at: datetime
) -> int:
    """How many of these (None: all) were in doubt and are so no longer. The row keeps who said it, and when.

    What was not sent has failed, with a reason of its own: "send to the remainder" reaches it, nothing else does.
    """
    state, reason = (EmailState.SENT, None) if verdict is Verdict.SENT else (EmailState.FAILED, NOT_SENT)
    settled = await emails.settle(campaign_id, ids, state, reason=reason, by=by, at=at)
    _log.info("doubts_settled_by_hand", campaign_id=campaign_id, emails=settled, verdict=str(verdict), by=by)
    return settled
