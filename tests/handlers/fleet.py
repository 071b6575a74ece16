"""Send workers as they are deployed, around one queue and on one virtual clock; only their servers are fakes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from domain.assembly import OutgoingMail
from domain.campaign import CampaignStatus, Report
from domain.delivery import Attempt, RetrySchedule, Wire
from domain.email import Email
from domain.pacing import Pacing
from domain.throttle import Limits
from handlers.claim_window import ClaimWindow
from handlers.hold import Holder
from handlers.lanes import Lanes
from handlers.outcome_writer import OutcomeWriter
from handlers.pace import Pace
from handlers.paced_relay import PacedRelay
from handlers.permit_desk import PermitDesk
from handlers.recording import Recorder
from handlers.send_batch import BatchSender
from handlers.slice_sender import SliceSender
from handlers.strike_book import StrikeBook
from handlers.warm_up_gate import WarmUpGate
from messages.send_batch import SendBatch
from tests.builders import NOW, a_campaign, a_contact, an_email
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.emails import MemoryEmails
from tests.fakes.relay import OK
from tests.fakes.slices import MemorySlices
from tests.fakes.strikes import MemoryStrikes
from tests.fakes.suppressions import MemorySuppressions
from tests.handlers.sending import assembler, at_once
from tests.handlers.timed_throttles import TimedThrottles
from tests.handlers.virtual_clock import VirtualClock

LANES, WINDOW, RESERVE, PORTION, FLUSH = 5, 200, 20, 60, 80  #: as workers/options.py has them
_HOP_S = 0.01  #: a message on its way; a claim


class IndexedEmails(MemoryEmails):
    """Finds the rows of a batch at once: these ledgers are large."""

    def __init__(self, rows: Sequence[Email]) -> None:
        super().__init__(*rows)
        self._ids: dict[tuple[str, int], list[str]] = defaultdict(list)
        for row in sorted(rows, key=lambda each: each.id):
            self._ids[row.campaign_id, row.slice].append(row.id)

    async def due_in_slice(self, campaign_id: str, number: int) -> Sequence[Email]:
        rows = [self.stored[key] for key in self._ids[campaign_id, number]]
        return [row for row in rows if row.slice == number and row.state.value in {"planned", "deferred"}]


@dataclass
class TimedRelay:
    """Takes everything, each a while after it came."""

    clock: VirtualClock
    sent: list[tuple[float, str]]  #: when, and of which campaign
    answers_after_s: float

    async def deliver(self, mails: Sequence[OutgoingMail], keep_going: Callable[[], bool]) -> AsyncIterator[Attempt]:
        begun = [mail for mail in mails if keep_going()]
        self.sent += [(self.clock.now_s, mail.email_id.partition(":")[0]) for mail in begun]
        await self.clock.sleep(self.answers_after_s)
        for mail in begun:
            yield Attempt(mail.email_id, Wire.ANSWERED, OK)


@dataclass
class Fleet:
    """`workers` of them, that send `campaigns` in batches, so many of a campaign under way at once."""

    workers: int
    campaigns: Sequence[str]
    chains: int
    batch: int
    limits: dict[str, Limits] = field(default_factory=dict)
    mails: int = 6000  #: of each campaign
    domain: str = "example.com"  #: of their recipients
    answers_after_s: float = 0.05
    set_by_hand: tuple[float, str, Limits] | None = None  #: when and what
    sent: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.throttles = TimedThrottles(self.clock)
        self.queue: asyncio.Queue[SendBatch] = asyncio.Queue()
        slices = -(-self.mails // self.batch)
        self.stored = MemoryCampaigns(
            *(
                a_campaign(
                    name, status=CampaignStatus.SENDING, slices=slices, chains=self.chains, report=Report(to_send=9)
                )
                for name in self.campaigns
            )
        )
        people = [f"p{n}@{self.domain}" for n in range(self.mails)]
        self.contacts = MemoryContacts(*map(a_contact, people))
        self.slices = MemorySlices()
        self.emails = IndexedEmails(
            [an_email(who, name, slice=n // self.batch) for name in self.campaigns for n, who in enumerate(people)]
        )
        self.assemblers = {name: assembler(self.stored.stored[name]) for name in self.campaigns}

    async def run(self, until_s: float, join_s: float) -> None:
        """Each campaign begins `join_s` after the one before it."""
        for name in self.campaigns:
            await self.slices.plan(name, range(self.stored.stored[name].slices))
        senders = [self._sender(f"w{number}") for number in range(self.workers)]
        lanes = [asyncio.create_task(self._lane(sender)) for _ in range(LANES) for sender in senders]
        await self.clock.run(self._begun(until_s, join_s), self._set())
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)

    async def _begun(self, until_s: float, join_s: float) -> None:
        for name in self.campaigns:
            for number in range(min(self.chains, self.stored.stored[name].slices)):
                self.queue.put_nowait(SendBatch(campaign_id=name, slice=number))
            await self.clock.sleep(join_s)
        await self.clock.sleep(until_s - self.clock.now_s)

    async def _set(self) -> None:
        if self.set_by_hand is not None:
            at_s, name, limits = self.set_by_hand
            await self.clock.sleep(at_s)
            await self.throttles.override(name, limits)

    async def _lane(self, sender: BatchSender) -> None:
        while True:
            message = await self.queue.get()
            await self.clock.sleep(_HOP_S)
            for following in await sender(message):
                assert isinstance(following, SendBatch)
                self.queue.put_nowait(following)

    def of(self, name: str, begin_s: float, end_s: float) -> int:
        return sum(begin_s <= at_s < end_s and who == name for at_s, who in self.sent)

    def within(self, begin_s: float, end_s: float) -> int:
        return sum(begin_s <= at_s < end_s for at_s, _ in self.sent)

    def shares(self, name: str, begin_s: int, end_s: int, window_s: int = 5) -> list[float]:
        """Of all that went out, in every window."""
        starts = range(begin_s, end_s - window_s + 1)
        return [
            self.of(name, start, start + window_s) / max(1, self.within(start, start + window_s)) for start in starts
        ]

    def _sender(self, owner: str) -> BatchSender:
        desk = PermitDesk(self.throttles, owner, Pacing(limits=self.limits), lambda: 0.5, self.clock.elapsed)
        lanes = Lanes(LANES, desk.holds_up)
        writer = OutcomeWriter(
            self.emails,
            MemorySuppressions(),
            StrikeBook(MemoryStrikes(), self.emails),
            at_once,
            RetrySchedule(),
            lambda: NOW,
            lambda: 0.5,
        )
        send = SliceSender(
            self.contacts, MemorySuppressions(), self.emails, self.slices,
            PacedRelay(TimedRelay(self.clock, self.sent, self.answers_after_s), Pace(desk, self.clock.sleep)),
            Holder(self.stored, self.slices, lambda: False, 60, 1, self.clock.sleep, self.clock.elapsed), writer,
            Recorder(writer.tried, FLUSH, sleep=self.clock.sleep), lambda campaign: self.assemblers[campaign.id],
            lambda: NOW, ClaimWindow(WINDOW, RESERVE, self.clock.sleep), PORTION,
            is_crowded=lanes.are_full,
        )  # fmt: skip
        gate = WarmUpGate(self.throttles, ())
        return BatchSender(self.stored, self.emails, self.slices, send, gate, owner, lanes=lanes)
