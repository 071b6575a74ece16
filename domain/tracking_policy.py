"""Whose opens and clicks are told of them (D12): decided when a mail is written, and again when something is opened."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.consent import Tracking


class TrackingPolicy(StrEnum):
    """What the organisation wants. Nobody who refused is tracked, whatever it wants."""

    ALL = "all"  #: everybody who did not refuse
    CONSENT = "consent"  #: only who agreed (CNIL 2026-042: a consent of its own, apart from that to mail)
    OFF = "off"


_TRACKED: Mapping[TrackingPolicy, frozenset[Tracking]] = {
    TrackingPolicy.ALL: frozenset({Tracking.YES, Tracking.UNKNOWN}),
    TrackingPolicy.CONSENT: frozenset({Tracking.YES}),
    TrackingPolicy.OFF: frozenset(),
}


def is_tracked(policy: TrackingPolicy, said: Tracking) -> bool:
    """Whether opens and clicks of somebody who said this are kept."""
    return said in _TRACKED[policy]
