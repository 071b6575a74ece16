"""Publishes entries of the feed: in order, each confirmed before the next one of its stream is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from domain.feed import Entry, Replay
from handlers.side_by_side import side_by_side
from messages.base import FEED
from messages.envelope import SOURCE, Envelope, pack
from workers.outgoing import MSG_ID, Outgoing
from workers.settlement import Publishes

REPLAY = "x-feed-replay"  #: header of what comes once more: the id of the request


@dataclass(frozen=True, slots=True)
class Announcements:
    publisher: Publishes
    source: str = SOURCE

    async def announce(self, entries: Sequence[Entry]) -> None:
        """Streams side by side: nothing orders one of them against another."""
        streams = [list(own) for _, own in groupby(entries, key=lambda entry: entry.stream)]
        await side_by_side(*(self._in_order([self._outgoing(entry) for entry in own]) for own in streams))

    async def repeat(self, entries: Sequence[Entry], replay: Replay) -> None:
        await self._in_order([_once_more(self._outgoing(entry), replay) for entry in entries])

    async def _in_order(self, messages: Sequence[Outgoing]) -> None:
        """One at a time: with several under way, one that is refused would come after those behind it."""
        for message in messages:
            await self.publisher.publish([message])

    def _outgoing(self, entry: Entry) -> Outgoing:
        return Outgoing(FEED, entry.type, body(entry, self.source), {MSG_ID: entry.id}, mandatory=False)


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
