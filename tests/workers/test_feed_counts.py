"""How far the feed is behind, as dashboards read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from domain.feed import Entry, Replay
from domain.webhook import Position
from tests.builders import NOW, later
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.replays import MemoryReplays
from tests.fakes.webhook_positions import MemoryWebhookPositions
from workers.feed_counts import FeedCounts
from workers.metrics import Metrics


class Marks:
    async def waiting(self) -> Mapping[str, int]:
        return {"emails": 7, "campaigns": 0}


def entry(number: int, stream: str = "contacts") -> Entry:
    return Entry(f"{stream}{number}", stream, "contact-replied", NOW, {}, number=number)


async def test_the_gauges_tell_what_waits_and_since_when() -> None:
    metrics, outbox = Metrics(), MemoryOutbox()
    replays = MemoryReplays(Replay("r1", "contacts", 1, asked_at=NOW), Replay("r2", "contacts", 1, ended_at=NOW))
    count = FeedCounts(outbox, Marks(), replays, None, metrics, lambda: NOW + timedelta(seconds=60))
    told = metrics.registry.get_sample_value
    await outbox.append([entry(1), entry(2)], later(10))
    await outbox.append([entry(3)], later(50))
    assert await count() == []
    assert told("campaigns_feed_unpublished") == 3
    assert told("campaigns_feed_oldest_unpublished_seconds") == 50
    assert told("campaigns_feed_marked", {"kind": "emails"}) == 7
    assert told("campaigns_feed_replays_waiting") == 1
    assert told("campaigns_webhook_entries", {"state": "waiting"}) is None, "there is no webhook"
    await outbox.published("contacts", 3)
    await count()
    assert told("campaigns_feed_unpublished") == 0
    assert told("campaigns_feed_oldest_unpublished_seconds") == 0


async def test_the_gauges_tell_what_the_webhook_has_not_had() -> None:
    metrics, outbox, positions = Metrics(), MemoryOutbox(), MemoryWebhookPositions()
    await outbox.append([*map(entry, range(1, 6)), entry(1, "syncs")], NOW)
    await positions.save(Position("contacts", number=2, failures=3, parked=(1,)))
    await FeedCounts(outbox, Marks(), MemoryReplays(), positions, metrics, lambda: NOW)()
    told = metrics.registry.get_sample_value
    assert told("campaigns_webhook_entries", {"state": "waiting"}) == 3 + 1
    assert told("campaigns_webhook_entries", {"state": "given_up"}) == 1
    assert told("campaigns_webhook_failing_streams") == 1
