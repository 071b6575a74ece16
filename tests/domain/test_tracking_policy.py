"""D12: whose opens and clicks are told of them."""

from __future__ import annotations

import pytest

from domain.consent import Tracking
from domain.tracking_policy import Telling, TrackingPolicy, telling

YES, UNKNOWN = Tracking.YES, Tracking.UNKNOWN


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        (TrackingPolicy.ALL, {YES: Telling.NAMED, UNKNOWN: Telling.NAMED}),
        (TrackingPolicy.CONSENT, {YES: Telling.NAMED}),
        (TrackingPolicy.AGGREGATE, {YES: Telling.COUNTED, UNKNOWN: Telling.COUNTED}),
        (TrackingPolicy.OFF, {}),
    ],
)
def test_who_refused_is_never_tracked_nor_counted(policy: TrackingPolicy, kept: dict[Tracking, Telling]) -> None:
    assert {said: telling(policy, said) for said in Tracking} == dict.fromkeys(Tracking, Telling.NOTHING) | kept
