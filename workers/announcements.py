"""Publishes entries of the feed: each stream in its order, many at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from domain.feed import Entry, Replay
from handlers.side_by_side import side_by_side
from messages.base import FEED
from messages.envelope import SOURCE, Envelope, pack
from workers.outgoing import MSG_ID, Outgoing

REPLAY = "x-feed-replay"  #: header of what comes once more: the id of the request


class PublishesInOrder(Protocol):
    async def publish_in_order(
        self, messages: Sequence[Outgoing], reached: Callable[[int], Awaitable[None]]
    ) -> None: ...


async def _unheeded(entry: Entry) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Announcements:
    publisher: PublishesInOrder
    source: str = SOURCE

    async def announce(self, entries: Sequence[Entry], reached: Callable[[Entry], Awaitable[None]] = _unheeded) -> None:
        """Streams side by side: nothing orders one of them against another."""
        streams = [list(own) for _, own in groupby(entries, key=lambda entry: entry.stream)]
        published = (
            self.publisher.publish_in_order([self._outgoing(entry) for entry in own], _last_of(own, reached))
            for own in streams
        )
        await side_by_side(*published)

    async def repeat(
        self, entries: Sequence[Entry], replay: Replay, reached: Callable[[Entry], Awaitable[None]] = _unheeded
    ) -> None:
        messages = [_once_more(self._outgoing(entry), replay) for entry in entries]
        await self.publisher.publish_in_order(messages, _last_of(entries, reached))

    def _outgoing(self, entry: Entry) -> Outgoing:
        return Outgoing(FEED, entry.type, body(entry, self.source), {MSG_ID: entry.id}, mandatory=False)


def _last_of(entries: Sequence[Entry], reached: Callable[[Entry], Awaitable[None]]) -> Callable[[int], Awaitable[None]]:
    """Tells of the last of so many."""

    async def tell(count: int) -> None:
        await reached(entries[count - 1])

    return tell


def body(entry: Entry, source: str = SOURCE) -> bytes:
    """The CloudEvent of an entry: the same however often, and wherever, it is told."""
    event = Envelope(
        specversion="1.0",
        id=entry.id,
        source=source,
        type=f"campaigns.{entry.type}.v1",
        time=entry.at,
        datacontenttype="application/json",
        data={**entry.data, "stream": entry.stream, "number": entry.number},
    )
    return pack(event)


def _once_more(message: Outgoing, replay: Replay) -> Outgoing:
    marked = replace(message, headers={**message.headers, REPLAY: replay.id})
    return replace(marked, exchange="", routing_key=replay.queue, mandatory=True) if replay.queue else marked
