"""D12: whose opens and clicks are told of them."""

from __future__ import annotations

import pytest

from domain.consent import Tracking
from domain.tracking_policy import TrackingPolicy, is_tracked


@pytest.mark.parametrize(
    ("policy", "tracked"),
    [
        (TrackingPolicy.ALL, {Tracking.YES, Tracking.UNKNOWN}),
        (TrackingPolicy.CONSENT, {Tracking.YES}),
        (TrackingPolicy.OFF, set()),
    ],
)
def test_who_refused_is_never_tracked(policy: TrackingPolicy, tracked: set[Tracking]) -> None:
    assert {said for said in Tracking if is_tracked(policy, said)} == tracked
