"""A batch whose worker died while it was sending."""

from __future__ import annotations

from datetime import datetime

from domain.slices import Slice
from handlers.ports import Emails, Slices


async def put_in_doubt(abandoned: Slice, emails: Emails, slices: Slices, at: datetime) -> int:
    """Close a started slice: what of it has no outcome may have been sent, and is held (contracts.md); how many."""
    doubtful = await emails.doubt(abandoned.campaign_id, abandoned.number, at)
    await slices.close(abandoned)
    return doubtful
