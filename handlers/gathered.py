"""Many single questions, asked at about the same time, answered by one query."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Gathered(Generic[T]):
    """One query is under way at a time; whoever asks meanwhile is in the next one."""

    def __init__(self, ask: Callable[[Collection[str]], Awaitable[Mapping[str, T]]]) -> None:
        self._ask = ask
        self._keys: set[str] = set()
        self._next: asyncio.Task[Mapping[str, T]] | None = None  #: takes askers in
        self._asking: asyncio.Task[Mapping[str, T]] | None = None

    async def of(self, key: str) -> T | None:
        """What is known of it. Raises whatever the query raises, to each who asked."""
        self._keys.add(key)
        if self._next is None:
            self._next = asyncio.create_task(self._asked(self._asking))
        return (await asyncio.shield(self._next)).get(key)

    async def _asked(self, before: asyncio.Task[Mapping[str, T]] | None) -> Mapping[str, T]:
        if before is not None and not before.done():
            await asyncio.wait([before])
        keys, self._keys = self._keys, set()
        self._asking, self._next = self._next, None
        return await self._ask(keys)
