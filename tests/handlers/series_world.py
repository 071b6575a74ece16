"""A series that runs, on fakes, with a clock that stands still until it is told to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.campaign import Campaign, CampaignStatus, Purpose, Selection, hash_of
from domain.contact import Contact, Membership
from domain.email import Email, EmailState
from domain.organisation import Organisation
from domain.series import Entry, Series, SeriesStatus
from handlers.asset_check import AssetCheck
from handlers.campaign_moves import CampaignMoves
from handlers.series_assets import SeriesAssets
from handlers.series_due import DueSteps
from handlers.series_keeper import Care, SeriesKeeper
from handlers.series_messages import Children
from handlers.series_newcomers import Newcomers
from handlers.series_starts import SeriesStarts
from handlers.timers import Timers
from tests.builders import NOW, a_campaign, a_contact, an_id
from tests.fakes.assets import MemoryAssets
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.emails import MemoryEmails
from tests.fakes.leases import MemoryLeases
from tests.fakes.series import MemorySeries
from tests.fakes.series_entries import MemoryEntries
from tests.fakes.slices import MemorySlices
from tests.fakes.suppressions import MemorySuppressions
from tests.series_builders import ANN, a_series

GREEN = Organisation("Green Ltd", "1 Main Street, Springfield")


def a_child(campaign_id: str, series_id: str = "welcome", status: CampaignStatus = CampaignStatus.SENDING) -> Campaign:
    """A message that was reviewed."""
    child = a_campaign(campaign_id, series=series_id, purpose=Purpose.WELCOME, recipients=Selection(), status=status)
    return replace(child, reviewed_hash=hash_of(child))


async def at_once(care: Care, series: Series) -> bool:
    return await care(series)


@dataclass
class World:
    series: Sequence[Series] = field(default_factory=lambda: [a_series()])
    at_once: int = 100
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.stored = MemorySeries(*self.series)
        self.campaigns = MemoryCampaigns(
            *(a_child(step.campaign_id, one.id) for one in self.series for step in one.steps)
        )
        self.contacts = MemoryContacts()
        self.contacts.now = self.clock
        self.emails, self.entries, self.leases = MemoryEmails(), MemoryEntries(), MemoryLeases()
        self.suppressions, self.assets = MemorySuppressions(), MemoryAssets()
        self.keeper = self.new_keeper("first")

    def clock(self) -> datetime:
        return self.now

    def new_keeper(self, owner: str) -> SeriesKeeper:
        return SeriesKeeper(
            series=self.stored,
            entries=self.entries,
            leases=self.leases,
            starts=self.new_starts(),
            newcomers=Newcomers(self.contacts, self.entries, self.clock, at_once=self.at_once),
            due=DueSteps(self.entries, self.emails, self.contacts, self.suppressions, self.clock, at_once=self.at_once),
            children=Children(
                self.campaigns, CampaignMoves(self.campaigns, self.emails, MemorySlices(), self.clock), self.clock
            ),
            now=self.clock,
            apart=at_once,
            owner=owner,
        )

    def new_starts(self, organisation: Organisation = GREEN) -> SeriesStarts:
        look = SeriesAssets(AssetCheck(self.assets), self.stored, self.campaigns, Timers(self.clock), self.clock)
        return SeriesStarts(self.campaigns, organisation, look, self.clock)

    async def joins(self, *texts: str, list_id: str = "news") -> None:
        known = await self.contacts.load([an_id(text) for text in texts])
        membership = Membership(list_id, frozenset({"import:1"}))
        people = [known.get(an_id(text)) or a_contact(text) for text in texts]
        await self.contacts.save(
            [replace(each, memberships={**each.memberships, list_id: membership}) for each in people]
        )

    async def leaves(self, text: str, list_id: str = "news") -> None:
        person = self.person(text)
        kept = {key: value for key, value in person.memberships.items() if key != list_id}
        await self.contacts.save([replace(person, memberships=kept)])

    def person(self, text: str = ANN) -> Contact:
        return self.contacts.stored[an_id(text)]

    async def ticks(self, passing: timedelta = timedelta(0)) -> None:
        """What was planned before goes out while time passes."""
        if passing:
            self.sends()
        self.now += passing
        await self.keeper.tick()

    def sends(self) -> None:
        for row in [row for row in self.emails.stored.values() if row.state is EmailState.PLANNED]:
            if self.campaigns.stored[row.campaign_id].status is CampaignStatus.SENDING:
                sent = replace(row, state=EmailState.SENT, state_at=self.now, next_at=None)
                self.emails.stored[row.id] = sent

    def planned(self, text: str = ANN) -> list[str]:
        """Campaign and occurrence of each row that the person has."""
        rows = [row for row in self.emails.stored.values() if row.contact_id == an_id(text)]
        return sorted(f"{row.campaign_id}:{row.occurrence}" for row in rows)

    def row(self, campaign_id: str = "welcome-hello", text: str = ANN) -> Email:
        return self.emails.stored[f"{campaign_id}:{an_id(text)}:0"]

    def is_sent(self, campaign_id: str = "welcome-hello", text: str = ANN) -> None:
        sent = replace(self.row(campaign_id, text), state=EmailState.SENT, state_at=self.now, next_at=None)
        self.emails.stored[sent.id] = sent

    def entry(self, text: str = ANN, number: int = 0, series_id: str = "welcome") -> Entry:
        return self.entries.stored[f"{series_id}:{an_id(text)}:{number}"]

    def entered(self) -> int:
        return len(self.entries.stored)

    def child(self, key: str = "hello") -> Campaign:
        return self.campaigns.stored[f"welcome-{key}"]

    async def moves(self, status: SeriesStatus) -> None:
        known = self.stored.stored["welcome"]
        await self.stored.save(known.moved_to(status, at=self.now), expected={known.status})
        if status is SeriesStatus.RUNNING:
            for child in await self.campaigns.in_status({CampaignStatus.PAUSED}):
                await self.campaigns.save(
                    child.moved_to(CampaignStatus.SENDING, at=self.now), expected={CampaignStatus.PAUSED}
                )
