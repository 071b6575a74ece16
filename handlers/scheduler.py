"""What time brings: deferred emails fall due, chains that died go on, campaigns begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from domain.campaign import Campaign, CampaignStatus
from domain.chains import heads
from domain.errors import Conflict
from domain.slices import Slice, SliceState
from handlers.abandoned import put_in_doubt
from handlers.campaign_moves import ENDED_EARLY, CampaignMoves
from handlers.ports import Campaigns, Clock, Emails, Leases, Slices
from messages.base import Message
from messages.send_batch import SendBatch
from messages.send_requested import SendRequested

_LEASE = "scheduler"
_SETTLED_AFTER = timedelta(days=1)
_ANY_TIME = timedelta(days=3650)
_FORGOTTEN_AFTER = timedelta(days=1)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Scheduler:
    """One tick every second or so; any number of processes may tick, the one with the lease does the work.

    A batch that nobody takes for `stall_s` is offered again: its message may have died with a worker. When it had
    only been waiting in a long queue, the second message dies out.
    """

    campaigns: Campaigns
    emails: Emails
    slices: Slices
    leases: Leases
    owner: str
    now: Clock
    lease_s: float = 30
    stall_s: float = 60
    books_every_s: float = 5  #: counting a ledger takes a while
    batch_size: int = 200  #: deferred emails per batch
    #: when a slice was first seen waiting, or a campaign last counted. Lost with the process: then time runs anew
    seen: dict[str, datetime] = field(default_factory=dict)

    async def tick(self) -> Sequence[Message]:
        """The messages to publish."""
        if not await self.leases.take(_LEASE, self.owner, self.lease_s):
            self.seen.clear()
            return []
        self._forget()
        messages: list[Message] = []
        for campaign in await self.campaigns.in_status({CampaignStatus.SENDING}):
            messages += await self._abandoned(campaign)
            unfinished = await self.slices.unfinished(campaign.id)
            messages += self._stalled(campaign, unfinished)
            messages += await self._due(campaign, unfinished)
            if not unfinished and not await self._waits(campaign):
                await self._close(campaign)
        await self._settle()
        return [*messages, *await self._scheduled()]

    async def _scheduled(self) -> Sequence[Message]:
        """Campaigns whose time has come; asked for again every `stall_s` for as long as they stay scheduled."""
        waiting = await self.campaigns.in_status({CampaignStatus.SCHEDULED})
        due = [each for each in waiting if each.send_at is not None and each.send_at <= self.now()]
        wanted = [each for each in due if self._is_time(f"send:{each.id}", self.stall_s)]
        return [SendRequested(campaign_id=each.id, confirmed_by="scheduler") for each in wanted]

    async def _settle(self) -> None:
        """Campaigns ended early: what workers let go of since is skipped; a day later nobody holds anything."""
        moves = CampaignMoves(self.campaigns, self.emails, self.slices, self.now)
        for each in await self.campaigns.in_status(ENDED_EARLY):
            lately = each.status_at is not None and self.now() - each.status_at < _SETTLED_AFTER
            if lately and self._is_time(f"settle:{each.id}", self.stall_s):
                await moves.settle(each.id)

    # ---- chains

    async def _abandoned(self, campaign: Campaign) -> Sequence[Message]:
        """Batches of dead workers: begun, they are closed; either way their chain goes on."""
        found = await self.slices.abandoned(campaign.id)
        for each in found:
            if each.state is SliceState.STARTED:
                doubtful = await put_in_doubt(each, self.emails, self.slices, self.now())
                _log.warning("slice_abandoned", campaign_id=campaign.id, slice=each.number, in_doubt=doubtful)
        return [_offer(each) for each in found if self._is_time(f"abandoned:{each.id}:{each.epoch}", self.stall_s)]

    def _stalled(self, campaign: Campaign, unfinished: Sequence[Slice]) -> Sequence[Message]:
        needed = set(heads(campaign, [each.number for each in unfinished]))
        waiting = [each for each in unfinished if each.number in needed and each.state is SliceState.PLANNED]
        return [_offer(each) for each in waiting if self._has_waited(f"slice:{each.id}", self.stall_s)]

    # ---- deferrals

    async def _due(self, campaign: Campaign, unfinished: Sequence[Slice]) -> Sequence[Message]:
        """Batches of what is due; at most as many are under way as the campaign has chains."""
        under_way = sum(each.number >= campaign.slices for each in unfinished)
        messages: list[Message] = []
        while under_way + len(messages) < max(1, campaign.chains):
            ids = await self.emails.due(campaign.id, self.now(), self.batch_size)
            if not ids:
                break
            messages.append(_offer(await self._cut(campaign, ids)))
        return messages

    async def _cut(self, campaign: Campaign, ids: Sequence[str]) -> Slice:
        number = await self.campaigns.take_slice_numbers(campaign.id, 1)
        await self.slices.plan(campaign.id, [number])
        await self.emails.put_in_slice(ids, number)
        return Slice(campaign.id, number)

    # ---- the end

    async def _waits(self, campaign: Campaign) -> bool:
        """Whether deferred emails wait for their time; finding one is cheap, counting a ledger is not."""
        return bool(await self.emails.due(campaign.id, self.now() + _ANY_TIME, 1))

    async def _close(self, campaign: Campaign) -> None:
        """R74: sent, when every email has ended and the books balance (X2)."""
        if not self._is_time(f"books:{campaign.id}", self.books_every_s):
            return
        books = await self.emails.books(campaign.id, campaign.report.selected if campaign.report else 0)
        if books.open:
            return
        if not books.balanced:
            _log.error("books_do_not_balance", campaign_id=campaign.id, selected=books.selected, ended=books.ended)
            return
        try:
            sent = campaign.moved_to(CampaignStatus.SENT, at=self.now())
            await self.campaigns.save(sent, expected={CampaignStatus.SENDING})
            _log.info("campaign_sent", campaign_id=campaign.id, selected=books.selected)
        except Conflict:
            _log.info("campaign_changed_meanwhile", campaign_id=campaign.id)

    # ---- time

    def _forget(self) -> None:
        for name in [name for name, at in self.seen.items() if self.now() - at > _FORGOTTEN_AFTER]:
            del self.seen[name]

    def _is_time(self, name: str, every_s: float) -> bool:
        """True at first, and then again every `every_s`."""
        last = self.seen.get(name)
        if last is not None and self.now() - last < timedelta(seconds=every_s):
            return False
        self.seen[name] = self.now()
        return True

    def _has_waited(self, name: str, wait_s: float) -> bool:
        """True when it was first seen `wait_s` ago, and then again every `wait_s`."""
        self.seen.setdefault(name, self.now())
        return self._is_time(name, wait_s)


def _offer(each: Slice) -> SendBatch:
    return SendBatch(campaign_id=each.campaign_id, slice=each.number)
