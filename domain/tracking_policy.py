"""Whose opens and clicks are told of them (D12): decided when a mail is written, and again when something is opened."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.consent import Tracking


class TrackingPolicy(StrEnum):
    """What the organisation wants. Nobody who refused is tracked or counted, whatever it wants."""

    ALL = "all"  #: everybody who did not refuse
    CONSENT = "consent"  #: only who agreed (CNIL 2026-042: a consent of its own, apart from that to mail)
    AGGREGATE = "aggregate"  #: nobody: it is only counted per campaign
    OFF = "off"


class Telling(StrEnum):
    """What is kept of somebody's opens and clicks."""

    NAMED = "named"  #: who it was
    COUNTED = "counted"  #: that it was somebody
    NOTHING = "nothing"


_TELLING: Mapping[TrackingPolicy, Mapping[Tracking, Telling]] = {
    TrackingPolicy.ALL: {Tracking.YES: Telling.NAMED, Tracking.UNKNOWN: Telling.NAMED},
    TrackingPolicy.CONSENT: {Tracking.YES: Telling.NAMED},
    TrackingPolicy.AGGREGATE: {Tracking.YES: Telling.COUNTED, Tracking.UNKNOWN: Telling.COUNTED},
    TrackingPolicy.OFF: {},
}


def telling(policy: TrackingPolicy, said: Tracking) -> Telling:
    """What is kept of the opens and clicks of somebody who said this."""
    return _TELLING[policy].get(said, Telling.NOTHING)
