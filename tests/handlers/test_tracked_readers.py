"""D12: what others see of readers is told of those who let us."""

from __future__ import annotations

import pytest

from domain.consent import Tracking
from domain.tracking_policy import TrackingPolicy
from handlers.gathered import Gathered
from handlers.tracked_readers import TrackedReaders
from tests.builders import an_id

ANN, BOB, GONE = an_id("ann@example.com"), an_id("bob@example.com"), an_id("gone@example.com")
SAID = {ANN: Tracking.YES, BOB: Tracking.UNKNOWN}


@pytest.mark.parametrize(
    ("policy", "tracked"),
    [
        (TrackingPolicy.ALL, [True, True, False]),
        (TrackingPolicy.CONSENT, [True, False, False]),
        (TrackingPolicy.AGGREGATE, [False, False, False]),
        (TrackingPolicy.OFF, [False, False, False]),
    ],
)
async def test_who_may_be_tracked_is_and_nobody_who_was_erased(policy: TrackingPolicy, tracked: list[bool]) -> None:
    async def ask(ids: object) -> dict[str, Tracking]:
        return SAID

    readers = TrackedReaders(Gathered(ask), policy)
    assert [await readers(f"spring:{contact}:0") for contact in (ANN, BOB, GONE)] == tracked
