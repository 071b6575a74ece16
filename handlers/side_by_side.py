"""Several steps at once, where none needs what another does."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Awaitable


async def side_by_side(*steps: Awaitable[None]) -> None:
    """Return when all are done; what the first that failed raised comes when none is under way any more."""
    for outcome in await gather(*steps, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
