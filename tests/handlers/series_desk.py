"""A desk of fakes at which series are saved and moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.campaign import Campaign, CampaignStatus, hash_of
from domain.organisation import Organisation
from domain.series import Series
from handlers.campaign_moves import CampaignMoves
from handlers.campaign_saved import CampaignKeeper
from handlers.selection import Selector
from handlers.send_requested import SendStarter
from handlers.series_messages import Children
from handlers.series_moves import SeriesMoves
from handlers.series_saved import SeriesSaver
from messages.series_saved import SeriesSaved
from tests.builders import NOW, a_list
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.emails import MemoryEmails
from tests.fakes.lists import MemoryLists
from tests.fakes.modules import MemoryModules
from tests.fakes.records import MemoryRecords
from tests.fakes.selections import MemorySelections
from tests.fakes.series import MemorySeries
from tests.fakes.series_entries import MemoryEntries
from tests.fakes.slices import MemorySlices
from tests.fakes.templates import MemoryTemplates
from tests.handlers.reviewing import GREEN

HELLO: Mapping[str, Any] = {"key": "hello", "trigger": "joined", "content": {"subject": "Welcome", "text": "Hello"}}
TIPS: Mapping[str, Any] = {
    "key": "tips",
    "trigger": {"opened": "hello", "within_days": 7},
    "delay": "2 days",
    "content": {"subject": "Tips", "text": "Tips"},
}


def document(**overrides: Any) -> SeriesSaved:
    defaults: dict[str, Any] = {
        "series": "welcome",
        "name": "Welcome",
        "list": "news",
        "sender": {"name": "Green Ltd", "address": "news@green.example"},
        "messages": [HELLO, TIPS],
    }
    return SeriesSaved.model_validate({**defaults, **overrides})


class SeriesDesk:
    def __init__(self, organisation: Organisation = GREEN) -> None:
        self.series, self.entries, self.campaigns = MemorySeries(), MemoryEntries(), MemoryCampaigns()
        self.lists, self.emails, self.slices = MemoryLists(a_list()), MemoryEmails(), MemorySlices()
        moves = CampaignMoves(self.campaigns, self.emails, self.slices, lambda: NOW)
        children = Children(self.campaigns, moves, lambda: NOW)
        selector = Selector(MemoryRecords(), MemorySelections())
        drafts = CampaignKeeper(self.campaigns, MemoryTemplates(), organisation, lambda: NOW, MemoryModules(), selector)
        starter = SendStarter(self.campaigns, self.emails, self.slices, organisation, lambda: NOW)
        self.edit_one = drafts
        self.save = SeriesSaver(self.series, self.entries, children, drafts, lambda: NOW)
        self.moves = SeriesMoves(self.series, self.entries, self.lists, children, starter.check, lambda: NOW)

    @property
    def stored(self) -> Series:
        return self.series.stored["welcome"]

    def child(self, key: str) -> Campaign:
        return self.campaigns.stored[f"welcome-{key}"]

    def becomes(self, key: str, status: CampaignStatus) -> None:
        """The message was reviewed, and has come as far as this."""
        child = self.child(key)
        self.campaigns.stored[child.id] = replace(child, status=status, reviewed_hash=hash_of(child))

    async def started(self) -> None:
        await self.save(document())
        for key in ("hello", "tips"):
            self.becomes(key, CampaignStatus.REVIEWED)
        await self.moves.start("welcome")
        for key in ("hello", "tips"):
            self.becomes(key, CampaignStatus.SENDING)
