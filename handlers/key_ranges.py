"""Cutting stored keys into ranges, one slice of a run each."""

from __future__ import annotations

from collections.abc import AsyncIterator

from domain.slices import KeyRange


async def cut(keys: AsyncIterator[str], size: int, label: str, *, first: int = 0, after: str = "") -> list[KeyRange]:
    """Ranges of at most `size` keys that cover all of the ascending `keys`, numbered from `first`.

    One key is in memory at a time: there may be millions.
    """
    found: list[KeyRange] = []
    last, count = after, 0
    async for key in keys:
        last, count = key, count + 1
        if count == size:
            found.append(KeyRange(first + len(found), after, last, label))
            after, count = last, 0
    if count:
        found.append(KeyRange(first + len(found), after, last, label))
    return found
