"""How a ledger row that has ended is planned once more: the remainder of a campaign, and nothing else, does that."""

from __future__ import annotations

from datetime import datetime

from pymongo import UpdateOne

from domain.email import NO_SLICE, Email, EmailState
from domain.remainder import may_have_arrived
from repositories.connection import Document
from repositories.email_updates import key
from repositories.feed_mark import NO_MARK, FeedMark

_UNTOLD: Document = {"proof": {"$exists": False}, "times": {}}


def replanning(row: Email, by: str, at: datetime, feed: FeedMark = NO_MARK) -> UpdateOne:
    """The change of a row that is still as it was read; `domain.remainder.planned_again` says the same in words."""
    as_read = {"state": row.state, "reason": row.reason, "state_at": row.state_at, "attempts": row.attempts}
    told = {name: f"${name}" for name in ("state", "reason", "detail", "attempts", "reply")}
    end = {"at": at, "by": {"$literal": by}, **told}
    changes: Document = {
        "state": EmailState.PLANNED,
        "slice": NO_SLICE,
        "next_at": at,
        "state_at": at,
        "attempts": 0,
        "earlier": {"$concatArrays": [{"$ifNull": ["$earlier", []]}, [end]]},
        **dict.fromkeys(("detail", "first_tried_at", "reply", "settled", "proved"), "$$REMOVE"),
        **({"resent_at": at} if may_have_arrived(row) else {"reason": "$$REMOVE"}),
        **feed,
    }
    return UpdateOne({**key(row.id), **as_read, **_UNTOLD}, [{"$set": changes}])
