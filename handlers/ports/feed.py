"""The outgoing feed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from domain.feed import Entry, MarkedCampaign, MarkedEmail, MarkedSuppressions, Replay
from domain.slices import Run
from domain.webhook import Position


class FeedMarks(Protocol):
    """Documents that the feed is to tell of: the writes that changed them have marked them."""

    async def emails(self, limit: int) -> Sequence[MarkedEmail]:
        """Those that wait longest first."""

    async def emails_told(self, told: Sequence[MarkedEmail]) -> None:
        """Keep what was told of each, and take back the mark that was read; one of a later write stays."""

    async def campaigns(self, limit: int) -> Sequence[MarkedCampaign]: ...

    async def campaigns_told(self, told: Sequence[MarkedCampaign]) -> None:
        """Forget these writes, and keep where the last of them had taken the campaign."""

    async def suppressions(self, limit: int) -> Sequence[MarkedSuppressions]: ...

    async def suppressions_told(self, told: Sequence[MarkedSuppressions]) -> None: ...

    async def runs(self, limit: int) -> Sequence[Run]:
        """Sync runs that have ended."""

    async def runs_told(self, told: Sequence[Run]) -> None: ...


class Outbox(Protocol):
    """What the feed tells, numbered without gaps in each stream, and kept for replay."""

    async def known(self, ids: Collection[str]) -> Mapping[str, Entry]:
        """Those that are there, by id."""

    async def heads(self, streams: Collection[str]) -> Mapping[str, int]:
        """The last number that was given in each of these streams; 0 in a new one."""

    async def latest(self) -> Mapping[str, int]:
        """The last number that is kept, by stream."""

    async def append(self, entries: Sequence[Entry], at: datetime) -> None:
        """Store them, in order, not published yet. Raises Conflict when somebody else has given such a number, or
        stored such an entry: then those before it are stored, and none after it."""

    async def unpublished(self, limit: int) -> Sequence[Entry]:
        """By stream and number."""

    async def published(self, stream: str, through: int) -> None:
        """Everything in the stream up to this number is published."""

    async def within(self, stream: str, first: int, last: int | None, limit: int) -> Sequence[Entry]:
        """Published entries with these numbers, both ends included, ascending; None: to the end."""

    async def forget(self, before: datetime) -> int:
        """Remove what was numbered before then and is published; how many. Their numbers are not given again."""

    async def anonymise(self, contact_ids: Collection[str]) -> int:
        """Take addresses and records out of what is kept about these people; how many entries."""


class Replays(Protocol):
    """Requests to publish part of a stream once more."""

    async def add(self, replay: Replay) -> None:
        """Store it; one that is stored already stays as it is."""

    async def get(self, replay_id: str) -> Replay | None: ...

    async def open(self) -> Sequence[Replay]:
        """Those that have not ended, in the order in which they were asked for."""

    async def save(self, replay: Replay) -> None:
        """Keep how far it is."""

    async def forget(self, before: datetime) -> None:
        """Remove those that ended before then."""


class WebhookPositions(Protocol):
    """How far each stream is delivered to the webhook."""

    async def load(self) -> Mapping[str, Position]:
        """By stream; those of which nothing was delivered are not there."""

    async def save(self, position: Position) -> Position:
        """Store it if the stored one has this revision; as it is stored then. Raises Conflict otherwise."""


class Webhook(Protocol):
    def connected(self) -> AbstractAsyncContextManager[Posting]:
        """Connections that are kept for one delivery after the other."""


class Posting(Protocol):
    async def post(self, entry: Entry) -> str | None:
        """Deliver it; None when it was taken, else why not. Never raises: whatever goes wrong is an answer."""


class Announcer(Protocol):
    """Publishes entries of the feed."""

    async def announce(
        self,
        entries: Sequence[Entry],
        reached: Callable[[Entry], Awaitable[None]],
        refused: Callable[[Entry], Awaitable[None]],
    ) -> None:
        """To everybody who follows: within a stream in this order. `reached` is told meanwhile up to which one its
        stream is published, and before that `refused` of one that somebody's queue did not take, who may lack any
        behind it too; all others have them. What either raises ends that stream.

        Raises BrokerUnavailable: any of them may have been published.
        """

    async def repeat(
        self, entries: Sequence[Entry], replay: Replay, reached: Callable[[Entry], Awaitable[None]]
    ) -> int:
        """The same once more, where the replay wants it, up to the first that somebody's queue does not take; how many
        were taken by all. `reached` is told of them meanwhile.

        Raises Unroutable: there is no such queue.
        """
