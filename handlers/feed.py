"""The relay of the outgoing feed (X10): numbers what stores have marked, publishes it in order, and repeats on request.

Any number of processes may tick; the one with the lease does the work. Nothing is lost with it: what is marked stays
marked until it is numbered, what is numbered is published until that is confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from domain.errors import BrokerUnavailable, Conflict, Unroutable
from domain.feed import Entry, Replay, left_out
from handlers.feed_news import News
from handlers.ports.feed import Announcer, Outbox, Replays
from handlers.ports.operations import Leases
from handlers.timers import Timers
from messages.base import Message

_LEASE = "feed"
_ROUNDS = 10  #: per tick: a process that is to stop waits for no more of them
_NO_ROOM = "a queue that is bound to the feed takes no more: x-max-length with reject-publish"
_FORGET_EVERY_S = 3600.0


@dataclass(frozen=True, slots=True)
class FeedRelay:
    news: Sequence[News]
    outbox: Outbox
    replays: Replays
    announcer: Announcer
    leases: Leases
    timers: Timers
    owner: str  #: names this process
    keep: timedelta  #: entries for replay
    lease_s: float = 30
    at_once: int = 1000  #: documents, and entries, per round: the most that a kill has published twice

    async def tick(self) -> Sequence[Message]:
        """Nothing is left to publish by others.

        Raises:
            StoreUnavailable: MongoDB is away; the next tick begins anew.
            BrokerUnavailable: RabbitMQ did not confirm; the next tick publishes it again.
            Conflict: another process writes the feed, since this one was silent for longer than its lease.
        """
        for _ in range(_ROUNDS):
            may_be_more = False
            for step in (self._publish, self._repeat_oldest, self._number):
                # Before each: publishing entry by entry may take as long as a lease, and there is to be one who does.
                if not await self.leases.take(_LEASE, self.owner, self.lease_s):
                    self.timers.clear()
                    return []
                may_be_more |= await step()
            if not may_be_more:
                break
        if self.timers.is_time("forget", _FORGET_EVERY_S):
            await self._forget()
        return []

    async def _publish(self) -> bool:
        """Whether there may be more, as each step of a round says."""
        entries = await self.outbox.unpublished(self.at_once)
        await self.announcer.announce(entries, self._published, self._refused)
        return bool(entries)

    async def _published(self, entry: Entry) -> None:
        """With all before it: whatever happens then, the next tick begins behind it."""
        await self.outbox.published(entry.stream, entry.number)
        await self._hold()

    async def _refused(self, entry: Entry) -> None:
        """Somebody lacks it. Others do not wait for that: it comes once more, with all behind it."""
        if not any(each.brings(entry) for each in await self.replays.open()):
            await self.replays.add(left_out(entry, _NO_ROOM, self.timers.now()))

    async def _hold(self) -> None:
        """Keep the lease while publishing takes long."""
        if not self.timers.is_time("lease", self.lease_s / 3):
            return
        if not await self.leases.take(_LEASE, self.owner, self.lease_s):
            self.timers.clear()
            raise Conflict("another process has the lease of the feed")

    async def _repeat_oldest(self) -> bool:
        """One replay a round, however many are open, in the order in which they were asked for; one whose queue is full
        waits, and those behind it go on."""
        due = [replay for replay in await self.replays.open() if replay.is_due(self.timers.now())]
        return bool(due) and (await self._repeat(due[0]) or len(due) > 1)

    async def _number(self) -> bool:
        found = [await news(self.at_once) for news in self.news]
        return any(found)

    async def _repeat(self, replay: Replay) -> bool:
        """A part of it, so that what is new need not wait for all that was. Whether there is more."""
        entries = await self.outbox.within(replay.stream, replay.position, replay.last, self.at_once)
        moved = replay

        async def repeated(entry: Entry) -> None:
            nonlocal moved
            moved = moved.reached(entry.number)
            await self.replays.save(moved)
            await self._hold()

        try:
            taken = await self.announcer.repeat(entries, replay, repeated)
        except Unroutable as error:
            await self.replays.save(replace(moved, ended_at=self.timers.now(), ended_because=str(error)))
            return False
        except BrokerUnavailable as error:  # of its queue alone, maybe: what is new is not to wait for that each time
            await self.replays.save(moved.held_up(str(error), self.timers.now()))
            raise
        if taken < len(entries):
            await self.replays.save(moved.held_up(_NO_ROOM, self.timers.now()))
            return False
        if is_over := len(entries) < self.at_once:
            await self.replays.save(replace(moved, ended_at=self.timers.now()))
        return not is_over

    async def _forget(self) -> None:
        before = self.timers.now() - self.keep
        await self.outbox.forget(before)
        await self.replays.forget(before)
