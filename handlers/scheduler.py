"""What time brings: deferred emails fall due, chains that died go on, campaigns begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from domain.campaign import Campaign, CampaignStatus
from domain.chains import heads
from domain.email import NO_SLICE
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
    #: A worker that MongoDB was kept from for longer than its lease has this long to store its answers and let go.
    #: Longer than it pauses between tries (workers/retry.py).
    grace_s: float = 15
    books_every_s: float = 5  #: counting a ledger takes a while
    batch_size: int = 200  #: deferred emails per batch
    #: when a slice was first seen waiting, or a campaign last counted. Lost with the process: then time runs anew
    seen: dict[str, datetime] = field(default_factory=dict)

    async def tick(self) -> Sequence[Message]:
        """The messages to publish."""
        if not await self.leases.take(_LEASE, self.owner, self.lease_s):
            self.seen.clear()
            return []
        messages: list[Message] = []
        for campaign in await self.campaigns.in_status({CampaignStatus.SENDING}):
            messages += await self._of(campaign)
        await self._settle()
        messages += await self._scheduled()
        self._forget()
        return messages

    async def _of(self, campaign: Campaign) -> Sequence[Message]:
        """What a campaign that is being sent needs now."""
        abandoned = await self._abandoned(campaign)
        unfinished = await self.slices.unfinished(campaign.id)
        messages = [*abandoned, *self._stalled(campaign, unfinished), *await self._due(campaign, unfinished)]
        if unfinished or await self._waits(campaign):
            return messages
        return [*messages, *await self._closed(campaign)]

    async def _scheduled(self) -> Sequence[Message]:
        """Campaigns whose time has come; asked for again every `stall_s` for as long as they stay scheduled."""
        waiting = await self.campaigns.in_status({CampaignStatus.SCHEDULED})
        due = [each for each in waiting if each.send_at is not None and each.send_at <= self.now()]
        wanted = [each for each in due if self._is_time(f"send:{each.id}", self.stall_s)]
        return [SendRequested(campaign_id=each.id, confirmed_by="scheduler", due=each.send_at) for each in wanted]

    async def _settle(self) -> None:
        """Campaigns ended early: what workers let go of since is skipped; a day later nobody holds anything."""
        moves = CampaignMoves(self.campaigns, self.emails, self.slices, self.now)
        if self._is_time("settle", self.stall_s):
            for each in await self.campaigns.in_status(ENDED_EARLY, since=self.now() - _SETTLED_AFTER):
                await moves.settle(each.id)

    # ---- chains

    async def _abandoned(self, campaign: Campaign) -> Sequence[Message]:
        """Batches of dead workers: begun, they are closed; either way their chain goes on."""
        dead = [each for each in await self.slices.abandoned(campaign.id) if self._is_dead(each)]
        for each in dead:
            if each.state is SliceState.STARTED:
                doubtful = await put_in_doubt(each, self.emails, self.slices, self.now())
                _log.warning("slice_abandoned", campaign_id=campaign.id, slice=each.number, in_doubt=doubtful)
        return [_offer(each) for each in dead if self._is_time(f"abandoned:{each.id}:{each.epoch}", self.stall_s)]

    def _is_dead(self, abandoned: Slice) -> bool:
        """Whether its worker can have nothing more to say: at once if it never began, else after the grace."""
        begun = abandoned.state is SliceState.STARTED
        return not begun or self._has_waited(f"silent:{abandoned.id}:{abandoned.epoch}", self.grace_s)

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
            messages.append(_offer(await self._cut(campaign, ids, out_of=NO_SLICE)))
        return messages

    async def _cut(self, campaign: Campaign, ids: Sequence[str], *, out_of: int) -> Slice:
        number = await self.campaigns.take_slice_numbers(campaign.id, 1)
        await self.slices.plan(campaign.id, [number])
        await self.emails.put_in_slice(ids, number, out_of=out_of)
        return Slice(campaign.id, number)

    # ---- the end

    async def _waits(self, campaign: Campaign) -> bool:
        """Whether deferred emails wait for their time; finding one is cheap, counting a ledger is not."""
        return bool(await self.emails.due(campaign.id, self.now() + _ANY_TIME, 1))

    async def _closed(self, campaign: Campaign) -> Sequence[Message]:
        """R74: sent, when every email has ended and the books balance (X2). Batches of what was left behind."""
        if not self._is_time(f"books:{campaign.id}", self.books_every_s):
            return []
        books = await self.emails.books(campaign.id, campaign.report.selected if campaign.report else 0)
        if books.open:
            return await self._left_behind(campaign)
        if books.balanced:
            await self._sent(campaign)
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
                messages.append(_offer(await self._cut(campaign, ids, out_of=number)))
        return messages

    async def _sent(self, campaign: Campaign) -> None:
        try:
            sent = campaign.moved_to(CampaignStatus.SENT, at=self.now())
            await self.campaigns.save(sent, expected={CampaignStatus.SENDING})
            _log.info("campaign_sent", campaign_id=campaign.id)
        except Conflict:
            _log.info("campaign_changed_meanwhile", campaign_id=campaign.id)

    # ---- time

    def _forget(self) -> None:
        """What this tick did not come by is over, however many batches there are in a day."""
        kept = timedelta(seconds=2 * max(self.stall_s, self.grace_s, self.books_every_s))
        for name in [name for name, at in self.seen.items() if self.now() - at > kept]:
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
