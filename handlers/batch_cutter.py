"""Batches beyond the first round: of what is due again, and of what was left behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.campaign import Campaign
from domain.slices import Slice
from handlers.ports.campaigns import Campaigns
from handlers.ports.ledger import Emails, Slices
from messages.send_batch import SendBatch


@dataclass(frozen=True, slots=True)
class BatchCutter:
    campaigns: Campaigns
    emails: Emails
    slices: Slices

    async def __call__(self, campaign: Campaign, ids: Sequence[str], *, out_of: int) -> SendBatch:
        """The message of a new batch with those of the rows that are still in the slice `out_of`."""
        number = await self.campaigns.take_slice_numbers(campaign.id, 1)
        await self.slices.plan(campaign.id, [number])
        await self.emails.put_in_slice(ids, number, out_of=out_of)
        return offer(Slice(campaign.id, number), campaign)


def offer(each: Slice, campaign: Campaign) -> SendBatch:
    """Workers drop what is under way or done: a repeat is harmless. Messages of a series have the urgent lane."""
    return SendBatch(campaign_id=each.campaign_id, slice=each.number, urgent=campaign.series is not None)
