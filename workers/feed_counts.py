"""How far the feed is behind, for /metrics of the scheduler's processes: they tell it also when no relay runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.feed import Lag
from domain.webhook import backlog
from handlers.ports.clock import Clock
from handlers.ports.feed import Replays, WebhookPositions
from messages.base import Message
from workers.metrics import Metrics

FEED_COUNTS_S = 15.0


class Numbered(Protocol):
    async def lag(self) -> Lag: ...

    async def latest(self) -> Mapping[str, int]: ...


class Marked(Protocol):
    async def waiting(self) -> Mapping[str, int]:
        """How many documents are marked, by kind."""


@dataclass(frozen=True, slots=True)
class FeedCounts:
    """Sets gauges to what is stored: every process tells the same, so take the greatest, not the sum."""

    outbox: Numbered
    marks: Marked
    replays: Replays
    positions: WebhookPositions | None  #: None: there is no webhook
    metrics: Metrics
    now: Clock

    async def __call__(self) -> Sequence[Message]:
        for kind, count in (await self.marks.waiting()).items():
            self.metrics.feed_marked.labels(kind).set(count)
        lag = await self.outbox.lag()
        self.metrics.feed_unpublished.set(lag.unpublished)
        self.metrics.feed_oldest.set((self.now() - lag.oldest_at).total_seconds() if lag.oldest_at else 0)
        self.metrics.feed_replays.set(len(await self.replays.open()))
        if self.positions is not None:
            await self._webhook(self.positions)
        return []

    async def _webhook(self, positions: WebhookPositions) -> None:
        behind = backlog(await self.outbox.latest(), await positions.load())
        self.metrics.webhook_entries.labels("waiting").set(behind.entries)
        self.metrics.webhook_entries.labels("given_up").set(behind.given_up)
        self.metrics.webhook_failing.set(behind.failing)
