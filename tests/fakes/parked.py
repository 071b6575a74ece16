"""Parked messages in memory, on a clock that stands still until it is told to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.parked import EVERY_ONE, ParkedMessage, Which


class MemoryParked:
    def __init__(self, *messages: ParkedMessage) -> None:
        self.stored: dict[str, ParkedMessage] = {message.id: message for message in messages}
        self.held: dict[str, tuple[str, float]] = {}  #: token and end of its lease, by id
        self.now_s = 0.0

    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds

    async def park(self, message: ParkedMessage) -> None:
        self.held.pop(message.id, None)
        known = self.stored.get(message.id)
        if known is not None:
            message = replace(
                message,
                times=known.times + 1,
                first_seen=min(known.first_seen, message.first_seen),
                replayed=max(known.replayed, message.replayed),
            )
        self.stored[message.id] = message

    async def get(self, parked_id: str) -> ParkedMessage | None:
        return self.stored.get(parked_id)

    async def page(self, which: Which = EVERY_ONE, *, limit: int = 50) -> Sequence[ParkedMessage]:
        newest_first = sorted(self._which(which), key=lambda each: each.parked_at, reverse=True)
        return [replace(each, body=b"") for each in newest_first[: limit or None]]

    async def count(self, which: Which = EVERY_ONE) -> int:
        return len(self._which(which))

    async def counts(self) -> Mapping[str, int]:
        return Counter(each.queue for each in self.stored.values())

    async def tally(self) -> Mapping[tuple[str, str], int]:
        return Counter((each.queue, each.reason) for each in self.stored.values())

    async def take(self, which: Which, token: str, limit: int, lease_s: float) -> Sequence[ParkedMessage]:
        free = [each for each in self._which(which) if self.held.get(each.id, ("", 0.0))[1] <= self.now_s]
        taken = sorted(free, key=lambda each: each.parked_at)[:limit]
        self.held |= {each.id: (token, self.now_s + lease_s) for each in taken}
        return taken

    async def replayed(self, token: str, ids: Sequence[str]) -> int:
        mine = [key for key in ids if self.held.get(key, ("",))[0] == token]
        for key in mine:
            del self.stored[key], self.held[key]
        return len(mine)

    async def release(self, token: str) -> None:
        self.held = {key: held for key, held in self.held.items() if held[0] != token}

    async def drop(self, which: Which) -> int:
        dropped = self._which(which)
        for each in dropped:
            del self.stored[each.id]
        return len(dropped)

    def _which(self, which: Which) -> list[ParkedMessage]:
        return [each for each in self.stored.values() if which.matches(each)]
