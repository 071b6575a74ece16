"""Many single questions, asked at about the same time, answered by one query."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
_Asker: TypeAlias = tuple[str, "asyncio.Future[T | None]"]


class Gathered(Generic[T]):
    """One query is under way at a time; whoever asks meanwhile is in the next one."""

    def __init__(self, ask: Callable[[Collection[str]], Awaitable[Mapping[str, T]]]) -> None:
        self._ask = ask
        self._waiting: list[_Asker[T]] = []
        self._asking: asyncio.Task[Mapping[str, T]] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def of(self, key: str) -> T | None:
        """What is known of it. Raises whatever the query raises, to each who asked."""
        if self._loop is None:  # asked for once: Python 3.11 asks the kernel who we are, each time
            self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[T | None] = self._loop.create_future()
        self._waiting.append((key, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._asked())
        return await answer

    async def _asked(self) -> Mapping[str, T]:
        """Of those who ask within the same turn of the loop, too."""
        askers, self._waiting = self._waiting, []
        asking = asyncio.current_task()
        assert asking is not None, "it is a task"
        asking.add_done_callback(partial(self._told, askers))
        return await self._ask({key for key, answer in askers if not answer.done()})

    def _told(self, askers: Sequence[_Asker[T]], asked: asyncio.Task[Mapping[str, T]]) -> None:
        self._asking = asyncio.create_task(self._asked()) if self._waiting else None
        for key, answer in askers:
            if answer.done():
                continue
            if asked.cancelled():
                answer.cancel()
            elif error := asked.exception():
                answer.set_exception(error)
            else:
                answer.set_result(asked.result().get(key))
