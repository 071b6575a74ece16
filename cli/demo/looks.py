"""What the demo looks at in the store, and waiting for it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cli import context
from cli.demo.answers import Answers
from cli.demo.processes import Processes
from cli.output import say
from config.settings import Settings
from domain.books import Books
from domain.email import Email, EmailState
from domain.errors import CampaignsError
from domain.summary import Summary
from messages.delivery_event import EventType
from repositories.stores import Stores

T = TypeVar("T")


class DemoFailed(CampaignsError):
    """A number is not what it must be; the text says which."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Looks at the store of these settings; the demo's own processes are looked after meanwhile."""

    settings: Settings
    processes: Processes | None
    patience_s: float

    def once(self, look: Callable[[Stores], Awaitable[T]]) -> T:
        async def work() -> T:
            async with context.stores(self.settings) as stores:
                return await look(stores)

        return asyncio.run(work())

    def until(self, look: Callable[[Stores], Awaitable[T]], done: Callable[[T], bool], what: str) -> T:
        """What `look` sees once it is `done`.

        Raises:
            DemoFailed: not within `patience_s`.
            ProcessDied: a process of the demo ended.
        """
        return asyncio.run(self._until(look, done, what))

    async def _until(self, look: Callable[[Stores], Awaitable[T]], done: Callable[[T], bool], what: str) -> T:
        began = time.monotonic()
        async with context.stores(self.settings) as stores:
            while not done(found := await look(stores)):
                if self.processes is not None:
                    self.processes.check()
                if time.monotonic() - began > self.patience_s:
                    raise DemoFailed(f"{what}: not after {self.patience_s:.0f} s; last seen: {found}")
                await asyncio.sleep(0.2)
        say(f"{what} after {time.monotonic() - began:.1f} s")
        return found


async def records_stored(stores: Stores) -> int:
    return await stores.records.count("Leads") + await stores.records.count("Contacts")


def books(campaign_id: str) -> Callable[[Stores], Awaitable[Books]]:
    async def look(stores: Stores) -> Books:
        campaign = await stores.campaigns.get(campaign_id)
        selected = campaign.report.selected if campaign and campaign.report else 0
        return await stores.emails.books(campaign_id, selected)

    return look


def sent(campaign_id: str) -> Callable[[Stores], Awaitable[list[Email]]]:
    async def look(stores: Stores) -> list[Email]:
        rows = [row async for row in stores.emails.activity(campaign_id, "sent", limit=0)]
        return [row for row in rows if row.state is EmailState.SENT]

    return look


def summary(campaign_id: str) -> Callable[[Stores], Awaitable[Summary]]:
    return lambda stores: stores.emails.summary(campaign_id)


def agrees(found: Summary, told: Answers) -> bool:
    """Whether the summary shows everybody who answered, each once."""
    shown = {
        EventType.OPENED: found.opened,
        EventType.CLICKED: found.clicked,
        EventType.REPLIED: found.replied,
        EventType.COMPLAINED: found.complaints,
        EventType.UNSUBSCRIBED: found.unsubscribed,
    }
    return all(told.people[kind] == count for kind, count in shown.items())


def caught_people(mails: Path, *, but: str) -> Counter[str]:
    """How many mails the catcher holds for each recipient, except for `but`, who got the test mail."""
    caught = Counter(_recipient(file) for file in (mails / "new").iterdir())
    del caught[but]
    return caught


def _recipient(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("Delivered-To:"))
