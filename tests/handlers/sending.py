"""A campaign that is being sent, on fakes, with a clock that stands still."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.assembly import Assembler
from domain.campaign import Campaign, CampaignStatus, Report
from domain.contact import Contact
from domain.delivery import RetrySchedule
from domain.dkim_key import RELAY_SIGNS
from domain.email import Email, EmailState
from domain.mailer import mailer_of
from domain.organisation import Organisation
from domain.tracking import SigningKey, SigningKeys
from handlers.hold import Holder
from handlers.outcome_writer import OutcomeWriter
from handlers.ports.sending import Relay
from handlers.recording import Recorder
from handlers.scheduler import Concern, Scheduler
from handlers.scheduler_rounds import Rhythm, rounds
from handlers.send_batch import BatchSender
from handlers.series_claims import SeriesClaims
from handlers.slice_sender import SliceSender
from handlers.strike_book import StrikeBook
from handlers.timers import Timers
from handlers.warm_up_gate import WarmUpGate
from messages.base import Message
from messages.send_batch import SendBatch
from tests.builders import NOW, a_campaign, a_contact, an_email
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.emails import MemoryEmails
from tests.fakes.leases import MemoryLeases
from tests.fakes.relay import MemoryRelay
from tests.fakes.series import MemorySeries
from tests.fakes.series_entries import MemoryEntries
from tests.fakes.slices import MemorySlices
from tests.fakes.strikes import MemoryStrikes
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.throttles import MemoryThrottles

KEYS = SigningKeys((SigningKey(0, b"s" * 32),))
GREEN = Organisation("Green Ltd", "1 Main Street, Springfield", public_url="https://mail.green.example")


def person(number: int) -> str:
    return f"p{number}@example.com"


def people(count: int) -> list[Contact]:
    return [a_contact(person(number)) for number in range(count)]


def rows(count: int, per_slice: int) -> list[Email]:
    return [an_email(person(number), slice=number // per_slice) for number in range(count)]


async def at_once(store: Callable[[], Awaitable[None]]) -> None:
    await store()


@dataclass
class World:
    """`count` planned people in slices of `per_slice`, `chains` of them at once."""

    count: int = 6
    per_slice: int = 2
    chains: int = 2
    relay: Relay = field(default_factory=MemoryRelay)
    until_stored: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]] = at_once
    look_s: float = 1  #: what each look after the campaign takes, on a clock of its own
    looked_s: float = 0
    stops: bool = False  #: whether the process is to end
    now: datetime = NOW
    caps: Sequence[int] = ()  #: of the warm-up
    portion: int = 50  #: mails that are begun together

    def __post_init__(self) -> None:
        slices = -(-self.count // self.per_slice)
        self.campaign: Campaign = a_campaign(
            status=CampaignStatus.SENDING, slices=slices, chains=self.chains, report=Report(to_send=self.count)
        )
        self.campaigns = MemoryCampaigns(self.campaign)
        self.contacts = MemoryContacts(*people(self.count))
        self.emails = MemoryEmails(*rows(self.count, self.per_slice))
        self.slices = MemorySlices()
        self.strikes = MemoryStrikes()
        self.suppressions = MemorySuppressions()
        self.throttles = MemoryThrottles()
        self.leases = MemoryLeases()
        self.series, self.entries = MemorySeries(), MemoryEntries()

    async def planned(self) -> World:
        await self.slices.plan("spring", range(self.campaign.slices))
        return self

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.slices.pass_time(seconds)
        self.leases.pass_time(seconds)
        self.throttles.pass_time(seconds)

    async def sleep(self, seconds: float) -> None:
        self.looked_s += seconds
        await asyncio.sleep(0)

    def sender(self, owner: str = "worker-1") -> BatchSender:
        holder = Holder(
            self.campaigns, self.slices, lambda: self.stops, 60, self.look_s, self.sleep, lambda: self.looked_s
        )  # fmt: skip
        schedule = RetrySchedule()
        writer = OutcomeWriter(
            self.emails,
            self.suppressions,
            StrikeBook(self.strikes, self.emails),
            self.until_stored,
            schedule,
            lambda: self.now,
            lambda: 0.5,
        )
        slice_sender = SliceSender(
            self.contacts, self.suppressions, self.emails, self.slices, self.relay, holder, writer,
            Recorder(writer.tried, size=3), assembler, lambda: self.now, portion=self.portion,
            series_claims=SeriesClaims(self.series, self.entries, self.contacts, lambda: self.now),
        )  # fmt: skip
        return BatchSender(self.campaigns, self.emails, self.slices, slice_sender, self.gate, owner)

    def scheduler(self, owner: str = "scheduler-1", rhythm: Rhythm | None = None) -> Scheduler:
        timers = Timers(lambda: self.now)
        concerns = rounds(self.campaigns, self.emails, self.slices, self.gate, timers, rhythm or Rhythm())
        return Scheduler(concerns, self.campaigns, self.leases, timers, asked, owner)

    @property
    def gate(self) -> WarmUpGate:
        return WarmUpGate(self.throttles, self.caps)

    async def send(self, number: int, owner: str = "worker-1") -> list[int | None]:
        """The slices that follow."""
        return numbers(await self.sender(owner)(SendBatch(campaign_id="spring", slice=number)))

    async def send_all(self, first: Sequence[int | None]) -> None:
        """Slice after slice until no message is left."""
        queue = list(first)
        while queue:
            number = queue.pop(0)
            assert number is not None
            queue += await self.send(number)

    def status(self, status: CampaignStatus) -> None:
        stored = self.campaigns.stored["spring"]
        self.campaigns.stored["spring"] = stored.moved_to(status) if stored.status is not status else stored

    @property
    def states(self) -> dict[EmailState, int]:
        return dict(Counter(row.state for row in self.emails.stored.values()))

    def row(self, number: int) -> Email:
        return self.emails.stored[an_email(person(number)).id]


async def asked(concern: Concern, campaign: Campaign) -> Sequence[Message]:
    """Trouble goes through to the test."""
    return await concern(campaign)


def assembler(campaign: Campaign) -> Assembler:
    return mailer_of(campaign, GREEN, KEYS, RELAY_SIGNS)


def numbers(messages: Sequence[Message]) -> list[int | None]:
    return [message.slice for message in messages if isinstance(message, SendBatch)]
