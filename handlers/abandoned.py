"""A batch whose worker died while it was sending."""

from __future__ import annotations

from datetime import datetime

from domain.slices import Slice
from handlers.ports.ledger import Emails, Slices

HELD_BY = "held by "  #: before the name of its worker, in the detail of an email in doubt


async def put_in_doubt(abandoned: Slice, emails: Emails, slices: Slices, at: datetime) -> int:
    """Close a started slice: what was begun and has no outcome may have been sent, and is held (contracts.md).

    How many; what was not begun is planned as before. The slice is taken away from its owner first: one that was only
    frozen could give it back between the two writes, and rows that it had begun would be in doubt in a batch that is
    offered again. After a crash in between it is still abandoned.
    """
    taken = await slices.give_up(abandoned)
    if taken is None:
        return 0
    detail = HELD_BY + (taken.owner or "")
    doubtful = await emails.doubt(taken.campaign_id, taken.number, at, through=taken.started_through, detail=detail)
    await slices.close(taken)
    return doubtful
