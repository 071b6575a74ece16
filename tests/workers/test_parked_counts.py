"""How many parked messages there are, as dashboards read it."""

from __future__ import annotations

from domain.parked import Which
from tests.builders import a_parked_message
from tests.fakes.parked import MemoryParked
from workers.metrics import Metrics
from workers.parked_counts import ParkedCounts


async def test_the_gauge_tells_what_is_stored_and_forgets_what_is_gone() -> None:
    metrics = Metrics()
    parked = MemoryParked(a_parked_message("m1"), a_parked_message("m2"), a_parked_message("m3", queue="send-batch"))
    count = ParkedCounts(parked, metrics.parked_stored)

    def told(queue: str) -> float | None:
        labels = {"queue": queue, "reason": "invalid_message"}
        return metrics.registry.get_sample_value("campaigns_parked_messages", labels)

    assert await count() == []
    assert (told("record-changed"), told("send-batch")) == (2, 1)
    await parked.drop(Which(queue="send-batch"))
    await count()
    assert (told("record-changed"), told("send-batch")) == (2, None)
