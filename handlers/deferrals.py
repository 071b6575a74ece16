"""Deferred emails fall due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.campaign import Campaign
from domain.email import NO_SLICE
from handlers.batch_cutter import BatchCutter
from handlers.ports.clock import Clock
from handlers.ports.ledger import Emails, Slices
from handlers.warm_up_gate import WarmUpGate
from messages.base import Message


@dataclass(frozen=True, slots=True)
class Deferrals:
    emails: Emails
    slices: Slices
    cut: BatchCutter
    gate: WarmUpGate
    now: Clock
    batch_size: int = 200  #: deferred emails per batch

    async def __call__(self, campaign: Campaign) -> Sequence[Message]:
        """Batches of what is due; at most as many are under way as the campaign has chains."""
        ids = await self._due(campaign)
        free = await self._free(campaign) if ids else 0
        messages: list[Message] = []
        while ids and len(messages) < free:
            messages.append(await self.cut(campaign, ids, out_of=NO_SLICE))
            ids = await self._due(campaign)
        return messages

    async def _due(self, campaign: Campaign) -> Sequence[str]:
        return await self.emails.due(campaign.id, self.now(), self.batch_size)

    async def _free(self, campaign: Campaign) -> int:
        """How many more batches of later tries may be under way."""
        if await self.gate.waits_s(campaign.sender.domain):
            return 0
        chains = max(1, campaign.chains)
        return chains - await self.slices.unfinished_from(campaign.id, campaign.slices, most=chains)
