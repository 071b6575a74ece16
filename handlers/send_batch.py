"""What happens when a batch of emails is to be sent: it is claimed, sent, and the next of its chain follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.campaign import Campaign, CampaignStatus
from domain.chains import next_in_chain
from domain.contact import address
from domain.email import NO_SLICE, Email, EmailState
from domain.errors import NotReady, UnknownCampaign
from domain.slices import Claim, Slice
from handlers.lanes import Lanes
from handlers.ports.campaigns import Campaigns
from handlers.ports.ledger import Emails, Slices
from handlers.slice_sender import SliceEnd, SliceSender
from handlers.warm_up_gate import WarmUpGate
from messages.base import Message
from messages.send_batch import SendBatch


@dataclass(frozen=True, slots=True)
class BatchSender:
    """Sends one slice and returns the message of the next one.

    A message that came twice dies out: whoever holds the slice goes on with the chain.
    """

    campaigns: Campaigns
    emails: Emails
    slices: Slices
    send: SliceSender
    gate: WarmUpGate
    owner: str  #: names this process in claims
    lease_s: float = 60
    lanes: Lanes = field(default_factory=lambda: Lanes(5, lambda: False))  #: of this process

    async def __call__(self, message: SendBatch) -> Sequence[Message]:
        """
        Raises:
            UnknownCampaign: the campaign or the slice is not stored.
            NotReady: addresses were named of a campaign that is not being sent.
            RelayUnavailable: the relay went away; what was not sent was given back.
        """
        if not self.lanes.enter(message):
            return []
        try:
            following = await self._handled(message)
        finally:
            self.lanes.leave(message)
        return [*self.lanes.back(), *following]

    async def _handled(self, message: SendBatch) -> Sequence[Message]:
        campaign = await self.campaigns.get(message.campaign_id)
        if campaign is None:
            raise UnknownCampaign(f"campaign {message.campaign_id} is not stored")
        if message.slice is None:
            return await self._cut(campaign, message)
        if campaign.status is not CampaignStatus.SENDING:
            return []  # resuming offers the chains again
        if await self.gate.waits_s(campaign.sender.domain):
            return []  # the scheduler offers them again the next day
        return await self._carried_on(campaign, message, message.slice)

    async def _carried_on(self, campaign: Campaign, message: SendBatch, number: int) -> Sequence[Message]:
        asked_at = self.send.holder.elapsed()
        claim, held = await self.slices.claim(campaign.id, number, self.owner, self.lease_s)
        if claim in {Claim.HELD, Claim.ABANDONED}:
            return []  # its holder goes on with the chain; of one that fell silent, the scheduler decides
        end = await self._sent(campaign, held, asked_at, message) if claim is Claim.MINE else SliceEnd.FINISHED
        if end is SliceEnd.LEFT:
            return []
        following = number if end is SliceEnd.INTERRUPTED else next_in_chain(campaign, number)
        return [] if following is None else [message.model_copy(update={"slice": following})]

    async def _sent(self, campaign: Campaign, held: Slice, asked_at: float, message: SendBatch) -> SliceEnd:
        """Looks at the campaign once more: one that was cancelled just before this claim skips who is in the batch."""
        known = await self.campaigns.get(campaign.id)
        if known is None or known.status is not CampaignStatus.SENDING:
            await self.slices.release(held)
            return SliceEnd.LEFT
        return await self.send(known, held, asked_at, urgent=message.urgent)

    # ---- the form from outside

    async def _cut(self, campaign: Campaign, message: SendBatch) -> Sequence[Message]:
        """A batch of those named who are planned and not being sent at this moment.

        Rows that are deferred stay with the scheduler: it sends them when they are due, and nobody else does.
        """
        if campaign.status is not CampaignStatus.SENDING:
            raise NotReady(
                f"campaign {campaign.id} is {campaign.status}; addresses can be named while it is being sent"
            )
        planned = await self._planned(campaign, message.addresses)
        if not planned:
            return []
        number = await self.campaigns.take_slice_numbers(campaign.id, 1)
        await self.slices.plan(campaign.id, [number])
        for old in sorted({row.slice for row in planned}):
            await self._move([row.id for row in planned if row.slice == old], campaign, old, number)
        return [SendBatch(campaign_id=campaign.id, slice=number, urgent=message.urgent)]

    async def _planned(self, campaign: Campaign, addresses: Sequence[str]) -> Sequence[Email]:
        """Rows of the first round only: those that were put in a batch of their own keep it."""
        sendable = {found.sendable for text in addresses if (found := address(text)) is not None}
        rows = await self.emails.of_addresses(campaign.id, sendable)
        return [row for row in rows if row.state is EmailState.PLANNED and NO_SLICE < row.slice < campaign.slices]

    async def _move(self, ids: Sequence[str], campaign: Campaign, old: int, new: int) -> None:
        """Move rows to another batch while we hold theirs: nobody is sending them then. Held by others, they stay.

        Theirs is stamped as begun meanwhile. Were we frozen here with a mere claim, another worker would take it over
        and send the rows that we then move; so they end in doubt, and what is in doubt does not move.
        """
        # Under a name of its own: an owner takes its claims anew, so that the other lanes here would go ahead.
        claim, held = await self.slices.claim(campaign.id, old, f"{self.owner} moving", self.lease_s)
        if claim is Claim.MINE and await self.slices.start(held, self.lease_s):
            await self.emails.put_in_slice(ids, new, out_of=old)
            await self.slices.release(held)
