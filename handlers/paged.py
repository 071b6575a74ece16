"""A long walk over stored things, a page at a time: what is decided together is read and written together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def paged(items: AsyncIterator[T], size: int) -> AsyncIterator[list[T]]:
    """Pages of at most `size`, in the order of the items; none is empty."""
    page: list[T] = []
    async for item in items:
        page.append(item)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page
