"""A house of fakes in which campaigns are reviewed, message by message."""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.books import Books
from domain.campaign import Campaign, Content
from domain.dkim_key import RELAY_SIGNS
from domain.footer import with_footer
from domain.organisation import Organisation
from domain.template import TemplateSource
from domain.tracking import SigningKey, SigningKeys
from handlers.asset_check import AssetCheck
from handlers.carry_over import CarryOver
from handlers.ports.checks import SpamEngine
from handlers.review_checks import ReviewChecks
from handlers.review_eligibility import EligibilityPhase
from handlers.review_end import ReviewEnd
from handlers.review_people import People
from handlers.review_recipients import RecipientsPhase
from handlers.review_requested import CampaignReviewer
from handlers.review_start import ReviewStart
from messages.base import Message
from messages.review_requested import ReviewRequested
from tests.builders import ADDRESS_KEY, NOW, a_campaign, a_list
from tests.fakes.assets import MemoryAssets
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.contacts import MemoryContacts
from tests.fakes.emails import MemoryEmails
from tests.fakes.leases import MemoryLeases
from tests.fakes.lists import MemoryLists
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.runs import MemoryRuns
from tests.fakes.selections import MemorySelections
from tests.fakes.suppressions import MemorySuppressions
from tests.fakes.syncs import MemorySyncs
from tests.fakes.topics import MemoryTopics

GREEN = Organisation("Green Ltd", "1 Garden Lane, Springfield", public_url="https://t.green.example")
KEYS = SigningKeys((SigningKey(1, b"k" * 32),))


def content(**overrides: Any) -> Content:
    """What a review lets pass."""
    source = with_footer(
        TemplateSource("Hello", html='<html lang="en"><body><p>Hello {{ first_name }}</p></body></html>', text="Hello")
    )
    return Content(**{"subject": source.subject, "html": source.html, "text": source.text, **overrides})


def a_draft(campaign_id: str = "spring", **overrides: Any) -> Campaign:
    return a_campaign(campaign_id, **{"content": content(), **overrides})


class Died(Exception):
    """The worker was killed."""


@dataclass
class Fuse:
    left: int


class Mortal:
    """A store whose caller dies right after the call at which the fuse burns down: what it asked for is done."""

    def __init__(self, store: Any, fuse: Fuse) -> None:
        self._store, self._fuse = store, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            answer = await found(*args, **kwargs)
            self._fuse.left -= 1
            if self._fuse.left == 0:
                raise Died
            return answer

        return call


@dataclass
class House:
    """Slices of three people and batches of two rows, so that a handful of people make several of each."""

    organisation: Organisation = GREEN
    slice_size: int = 3
    batch_size: int = 2
    campaigns: MemoryCampaigns = field(default_factory=MemoryCampaigns)
    records: MemoryRecords = field(default_factory=MemoryRecords)
    contacts: MemoryContacts = field(default_factory=MemoryContacts)
    lists: MemoryLists = field(default_factory=lambda: MemoryLists(a_list()))
    topics: MemoryTopics = field(default_factory=MemoryTopics)
    modules: MemoryModules = field(default_factory=MemoryModules)
    syncs: MemorySyncs = field(default_factory=MemorySyncs)
    suppressions: MemorySuppressions = field(default_factory=MemorySuppressions)
    emails: MemoryEmails = field(default_factory=MemoryEmails)
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    selections: MemorySelections = field(default_factory=MemorySelections)
    leases: MemoryLeases = field(default_factory=MemoryLeases)
    assets: MemoryAssets | None = None  #: None: nobody looks at links, images and videos
    spam_engine: SpamEngine | None = None

    @property
    def checks(self) -> ReviewChecks:
        look = AssetCheck(self.assets) if self.assets else None
        return ReviewChecks(
            self.organisation,
            KEYS,
            RELAY_SIGNS,
            lambda: NOW,
            look_at_assets=look,
            spam_engine=self.spam_engine,
            lists=self.lists,
            topics=self.topics,
        )

    @property
    def reviewer(self) -> CampaignReviewer:
        people = People(self.records, self.contacts, self.modules, self.selections, self.slice_size)
        carry_over = CarryOver(self.records, self.contacts, self.suppressions, ADDRESS_KEY)
        eligibility = EligibilityPhase(
            people, self.suppressions, self.emails, ADDRESS_KEY, lambda: NOW, self.batch_size
        )
        return CampaignReviewer(
            campaigns=self.campaigns,
            runs=self.runs,
            leases=self.leases,
            start=ReviewStart(
                self.campaigns,
                self.runs,
                self.lists,
                self.topics,
                self.syncs,
                people,
                self.organisation,
                lambda: NOW,
            ),
            recipients=RecipientsPhase(people, self.syncs, carry_over),
            eligibility=eligibility,
            end=ReviewEnd(self.campaigns, self.runs, self.emails, eligibility, self.checks, lambda: NOW),
            now=lambda: NOW,
        )

    async def reviewed(self, campaign_id: str = "spring", **request: Any) -> Campaign:
        """The campaign after its whole review."""
        await self.run([ReviewRequested(campaign_id=campaign_id, **request)])
        return self.campaigns.stored[campaign_id]

    async def run(self, messages: Iterable[Message], *, seed: int | None = None, times: int = 1) -> None:
        """Work on messages and all that follow, each `times` times, in an order that `seed` decides."""
        waiting, order = list(messages), random.Random(seed)
        while waiting:
            message = waiting.pop(order.randrange(len(waiting)) if seed is not None else 0)
            assert isinstance(message, ReviewRequested)
            for _ in range(times):
                waiting += await self.reviewer(message)

    async def run_and_die(self, request: Message, at: int) -> bool:
        """Work on all that follows and die right after the `at`-th call of a store; whether it came to that."""
        no_stores = {"organisation", "slice_size", "batch_size", "assets", "spam_engine"}
        stores = [name for name in vars(self) if name not in no_stores]
        alive, fuse = {name: getattr(self, name) for name in stores}, Fuse(at)
        for name in stores:
            setattr(self, name, Mortal(alive[name], fuse))
        waiting = [request]
        while waiting:
            message = waiting.pop(0)
            try:
                waiting += await self.step(message)
            except Died:
                waiting.append(message)
        for name in stores:
            setattr(self, name, alive[name])
        return fuse.left <= 0

    async def step(self, message: Message) -> Sequence[Message]:
        assert isinstance(message, ReviewRequested)
        return await self.reviewer(message)

    async def books(self, campaign: Campaign) -> Books:
        return await self.emails.books(campaign.id, campaign.report.selected if campaign.report else 0)

    def skips(self) -> dict[str, str | None]:
        """Reason by ref of everybody who is not mailed."""
        return {row.ref or row.address: row.reason for row in self.emails.stored.values() if row.reason}

    def to_send(self) -> list[str]:
        return sorted(row.address for row in self.emails.stored.values() if not row.reason)
