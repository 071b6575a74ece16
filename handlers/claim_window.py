"""How many emails a process may have begun without a recorded outcome: what a kill can leave in doubt (X1).

Batches are claimed, loaded and written ahead of it; portion by portion they wait here for room, right before that is
started.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

_LOOK_S = 0.5  #: how often whoever waits asks whether it still should


@dataclass(slots=True, eq=False)
class Room:
    """What one batch takes up of the window."""

    window: ClaimWindow
    campaign_id: str
    count: int = 0  #: of its emails that are begun and not recorded

    @property
    def others_wait(self) -> bool:
        """Whether another batch waits for room."""
        return self.window.is_wanted_by_others(self)

    async def more(self, count: int, keep_waiting: Callable[[], bool], *, urgent: bool = False) -> bool:
        """Room for so many emails more; False once it is not to wait any more."""
        return await self.window.enter(self, count, keep_waiting, urgent=urgent)

    def recorded(self, count: int) -> None:
        """So many outcomes more are durable; also those of a batch that was given back, none of it being under way."""
        freed = min(count, self.count)
        self.count -= freed
        self.window.free(self.campaign_id, freed)

    def leave(self) -> None:
        self.recorded(self.count)


@dataclass(slots=True, eq=False)
class _Waiting:
    room: Room
    count: int
    turn: asyncio.Future[None]


@dataclass(slots=True)
class ClaimWindow:
    """Urgent batches before the others; the campaign that has least under way is next, its batches first come, first
    served. So everybody's turn comes, and who has many batches here gets no more of a slow relay.

    The reserve is kept free for urgent batches: ordinary ones may be slow to end, as on a throttle. A portion that is
    larger than the window goes alone.
    """

    size: int  #: emails
    reserve: int = 0  #: of them, for urgent batches alone
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    in_use: int = 0
    _of: Counter[str] = field(default_factory=Counter)  #: what is in use, by campaign
    _urgent: list[_Waiting] = field(default_factory=list)
    _ordinary: list[_Waiting] = field(default_factory=list)

    def is_wanted_by_others(self, room: Room) -> bool:
        return any(waiting.room is not room for queue in (self._urgent, self._ordinary) for waiting in queue)

    async def enter(self, room: Room, count: int, keep_waiting: Callable[[], bool], *, urgent: bool) -> bool:
        waiting = _Waiting(room, count, asyncio.get_running_loop().create_future())
        queue = self._urgent if urgent else self._ordinary
        queue.append(waiting)
        self._admit()
        try:
            while not waiting.turn.done() and keep_waiting():
                await self._until_turn(waiting)
        except BaseException:
            if waiting.turn.done():
                room.recorded(count)
            raise
        finally:
            if not waiting.turn.done():
                queue.remove(waiting)
                self._admit()
        return waiting.turn.done()

    def free(self, campaign_id: str, count: int) -> None:
        self.in_use -= count
        self._of -= Counter({campaign_id: count})
        self._admit()

    async def _until_turn(self, waiting: _Waiting) -> None:
        pause = asyncio.ensure_future(self.sleep(_LOOK_S))
        try:
            either: set[asyncio.Future[Any]] = {waiting.turn, pause}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()

    def _admit(self) -> None:
        while queue := self._urgent or self._ordinary:
            limit = self.size if queue is self._urgent else self.size - self.reserve
            first = min(queue, key=lambda each: self._of[each.room.campaign_id])
            if self.in_use and self.in_use + first.count > limit:
                return
            queue.remove(first)
            self.in_use += first.count
            self._of[first.room.campaign_id] += first.count
            first.room.count += first.count
            first.turn.set_result(None)
