"""The outgoing feed (X10): what others are told, numbered without gaps per stream.

Each store is its own outbox: the write that changes a document marks it. One relay turns marked documents into entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from domain.email import Email, ServiceStatus
from domain.lists import Suppression
from domain.member_status import member_status
from domain.response import response

CONTACTS = "contacts"
SYNCS = "syncs"

#: Pauses of a replay whose queue is full: 1, 2, 4 … seconds, up to this.
MOST_PAUSE_S = 60.0


def campaign_stream(campaign_id: str) -> str:
    return f"campaign:{campaign_id}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is told, once numbered for good."""

    id: str  #: the same however often it is worked out: a repeat after a crash is no second one
    stream: str
    type: str  #: of the message
    at: datetime  #: when it happened
    data: Mapping[str, Any]  #: of the message, as JSON, without stream and number
    contact_id: str | None = None  #: whom it is about
    number: int = 0  #: from 1 on, in its stream; 0: not numbered yet


def numbered(entries: Sequence[Entry], heads: Mapping[str, int]) -> list[Entry]:
    """The entries in the same order, each with the next number of its stream; `heads` has the last ones."""
    last = Counter(heads)
    found = []
    for entry in entries:
        last[entry.stream] += 1
        found.append(replace(entry, number=last[entry.stream]))
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """What others were told of an email last."""

    status: str | None = None  #: member status; None: nothing, so they know the one that the campaign gives
    replied: bool = False
    count: int = 0  #: how often anything was


@dataclass(frozen=True, slots=True)
class MarkedEmail:
    email: Email
    mark: str  #: of the last write, unlike every other: who takes it back takes back no later one
    told: Told = Told()


def telling(marked: MarkedEmail, chosen: str) -> Told:
    """What others are to know of this email now; with the same count when that is no news.

    `chosen` is the member status that the campaign gives.
    """
    status, replied = member_status(response(marked.email), chosen), ServiceStatus.REPLIED in marked.email.times
    known = marked.told.status or chosen
    if (status, replied or marked.told.replied) == (known, marked.told.replied):
        return marked.told
    return Told(status, replied or marked.told.replied, marked.told.count + 1)


def changed_at(email: Email) -> datetime | None:
    """When the last thing happened to it."""
    return max([at for at in (email.state_at, *email.times.values()) if at], default=None)


@dataclass(frozen=True, slots=True)
class CampaignMove:
    """A write of a campaign: where it was then."""

    campaign_id: str
    revision: int
    status: str
    at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MarkedCampaign:
    moves: Sequence[CampaignMove]  #: the first one first
    told: CampaignMove | None = None  #: the last one that was dealt with

    def news(self) -> list[CampaignMove]:
        """Writes that moved it; the others changed something else."""
        earlier = [self.told, *self.moves]
        return [move for before, move in zip(earlier, self.moves, strict=False) if _moved(before, move)]


def _moved(before: CampaignMove | None, move: CampaignMove) -> bool:
    return before is None or (before.status, before.at) != (move.status, move.at)


@dataclass(frozen=True, slots=True)
class MarkedSuppressions:
    """Reasons of one person that are new."""

    contact_id: str
    reasons: Sequence[Suppression]


@dataclass(frozen=True, slots=True)
class Replay:
    """Somebody wants entries once more."""

    id: str  #: of the request
    stream: str
    first: int
    last: int | None = None  #: None: all there are by then
    queue: str | None = None  #: only to this queue; None: to everybody
    asked_at: datetime | None = None
    next: int = 0  #: where it is; 0: at the first
    ended_at: datetime | None = None
    ended_because: str = ""  #: why it ended early
    failures: int = 0  #: since the last entry that was taken
    next_at: datetime | None = None  #: when it goes on, if it waits
    why: str = ""  #: it waits

    @property
    def position(self) -> int:
        return max(self.next, self.first)

    def is_due(self, now: datetime) -> bool:
        return self.next_at is None or self.next_at <= now

    def brings(self, entry: Entry) -> bool:
        """Whether everybody gets this entry by it."""
        to_all = self.queue is None and self.last is None and self.ended_at is None
        return to_all and self.stream == entry.stream and self.position <= entry.number

    def reached(self, through: int) -> Replay:
        """Everything up to this number was taken."""
        return replace(self, next=through + 1, failures=0, next_at=None, why="")

    def held_up(self, why: str, now: datetime) -> Replay:
        """Once more from the same entry on, later."""
        pause_s = min(MOST_PAUSE_S, 2.0 ** min(self.failures, 30))
        return replace(self, failures=self.failures + 1, next_at=now + timedelta(seconds=pause_s), why=why)


def left_out(entry: Entry, why: str, now: datetime) -> Replay:
    """What brings an entry, and all that are behind it, to who had no room for it: everybody gets them once more."""
    asked = Replay(f"left-out:{entry.stream}:{entry.number}", entry.stream, entry.number, asked_at=now)
    return asked.held_up(why, now)


@dataclass(frozen=True, slots=True)
class Lag:
    """How far publishing is behind numbering."""

    unpublished: int = 0
    oldest_at: datetime | None = None  #: when what waits longest was numbered


@dataclass(frozen=True, slots=True)
class StreamView:
    """How a stream stands."""

    stream: str
    first: int  #: the first number that is kept
    last: int
    unpublished: int
    oldest_unpublished_at: datetime | None = None  #: when what waits longest was numbered
