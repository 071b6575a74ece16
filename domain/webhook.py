"""Delivering the feed to one web address: what is signed, how far it is, and what happens when it does not answer.

After the Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

#: Between tries, as the specification proposes: three days and three hours altogether.
RETRY_DELAYS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)


def signed(message_id: str, body: bytes, secret: bytes, at: datetime) -> Mapping[str, str]:
    """The headers that prove who sent this body, and when; the time is in seconds since 1970."""
    seconds = str(int(at.timestamp()))
    content = f"{message_id}.{seconds}.".encode() + body
    signature = b64encode(hmac.digest(secret, content, "sha256")).decode()
    return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": f"v1,{signature}"}


@dataclass(frozen=True, slots=True)
class Position:
    """How far a stream is delivered."""

    stream: str
    number: int = 0  #: the last one that is dealt with
    failures: int = 0  #: of the next one
    next_at: datetime | None = None  #: when that is tried again
    why: str = ""  #: it failed the last time
    parked: tuple[int, ...] = ()  #: numbers that were given up
    tried_at: datetime | None = None  #: when anything of it was posted last
    revision: int = 0  #: of the stored document; 0 = not stored yet

    def is_due(self, now: datetime) -> bool:
        return self.next_at is None or self.next_at <= now


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the webhook has not had, of all streams."""

    entries: int  #: published, and not delivered yet
    failing: int  #: streams that wait after a failure
    given_up: int  #: entries that nobody tries any more


def backlog(latest: Mapping[str, int], positions: Mapping[str, Position]) -> Backlog:
    """`latest` has the last number of each stream that is kept."""
    known = {stream: positions.get(stream, Position(stream)) for stream in {*latest, *positions}}
    return Backlog(
        entries=sum(max(0, last - known[stream].number) for stream, last in latest.items()),
        failing=sum(position.failures > 0 for position in known.values()),
        given_up=sum(len(position.parked) for position in known.values()),
    )


def delivered(position: Position, number: int, now: datetime) -> Position:
    return replace(_past(position, number), tried_at=now)


def _past(position: Position, number: int) -> Position:
    return replace(position, number=number, failures=0, next_at=None, why="")


def failed(position: Position, number: int, why: str, now: datetime) -> Position:
    """Later; or, after the last try, given up for those behind it."""
    if position.failures < len(RETRY_DELAYS_S):
        next_at = now + timedelta(seconds=RETRY_DELAYS_S[position.failures])
        return replace(position, failures=position.failures + 1, next_at=next_at, why=why, tried_at=now)
    return replace(delivered(position, number, now), parked=(*position.parked, number), why=why)


def in_turn(positions: Iterable[Position]) -> list[Position]:
    """Those that waited longest first: a stream that has much to deliver does not come before one that has little."""
    return sorted(positions, key=lambda position: position.tried_at.timestamp() if position.tried_at else 0.0)


def rewound(position: Position, first: int) -> Position:
    """From this number on once more, at once."""
    parked = tuple(number for number in position.parked if number < first)
    return replace(_past(position, first - 1), parked=parked)
