"""Publishes entries of the feed: each stream in its order, many at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol, TypeAlias

from pydantic_core import to_json

from domain.feed import Entry, Replay
from handlers.side_by_side import side_by_side
from messages.base import FEED
from messages.envelope import SOURCE
from workers.outgoing import MSG_ID, Outgoing

REPLAY = "x-feed-replay"  #: header of what comes once more: the id of the request


Told: TypeAlias = Callable[[Entry], Awaitable[None]]
_Counted: TypeAlias = Callable[[int], Awaitable[None]]


class PublishesInOrder(Protocol):
    async def offer_in_order(self, messages: Sequence[Outgoing], reached: _Counted, refused: _Counted) -> None: ...

    async def publish_in_order(self, messages: Sequence[Outgoing], reached: _Counted) -> int: ...


@dataclass(frozen=True, slots=True)
class Announcements:
    publisher: PublishesInOrder
    source: str = SOURCE

    async def announce(self, entries: Sequence[Entry], reached: Told, refused: Told) -> None:
        """Streams side by side: nothing orders one of them against another."""
        streams = [list(own) for _, own in groupby(entries, key=lambda entry: entry.stream)]
        await side_by_side(*(self._announce(own, reached, refused) for own in streams))

    async def _announce(self, own: Sequence[Entry], reached: Told, refused: Told) -> None:
        messages = [self._outgoing(entry) for entry in own]
        await self.publisher.offer_in_order(messages, _last_of(own, reached), _next_of(own, refused))

    async def repeat(self, entries: Sequence[Entry], replay: Replay, reached: Told) -> int:
        messages = [_once_more(self._outgoing(entry), replay) for entry in entries]
        return await self.publisher.publish_in_order(messages, _last_of(entries, reached))

    def _outgoing(self, entry: Entry) -> Outgoing:
        return Outgoing(FEED, entry.type, body(entry, self.source), {MSG_ID: entry.id}, mandatory=False)


def _last_of(entries: Sequence[Entry], told: Told) -> _Counted:
    """Tells of the last of so many."""

    async def tell(count: int) -> None:
        await told(entries[count - 1])

    return tell


def _next_of(entries: Sequence[Entry], told: Told) -> _Counted:
    """Tells of the one behind so many."""

    async def tell(count: int) -> None:
        await told(entries[count])

    return tell


def body(entry: Entry, source: str = SOURCE) -> bytes:
    """The CloudEvent of an entry: the same however often, and wherever, it is told."""
    event = {
        "specversion": "1.0",
        "id": entry.id,
        "source": source,
        "type": f"campaigns.{entry.type}.v1",
        "time": entry.at,
        "datacontenttype": "application/json",
        "data": {**entry.data, "stream": entry.stream, "number": entry.number},
    }
    return to_json(event)


def _once_more(message: Outgoing, replay: Replay) -> Outgoing:
    marked = replace(message, headers={**message.headers, REPLAY: replay.id})
    return replace(marked, exchange="", routing_key=replay.queue, mandatory=True) if replay.queue else marked
