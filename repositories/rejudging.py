"""How a ledger row changes when verdicts are given again: the one update that takes a final state for another.

{rejudged: [{at, state, reason, bounced, rule}]: what the row said before, with the rule that says otherwise,
 saved_by: mark of the last such write}
"""

from __future__ import annotations

from typing import Any

from pymongo import UpdateOne

from domain.reclassification import Proved, Rejudged
from repositories.connection import Document
from repositories.email_documents import weight
from repositories.email_updates import key
from repositories.feed_mark import NO_MARK, FeedMark


def rejudging(each: Rejudged, feed: FeedMark = NO_MARK, *, saved_by: str) -> UpdateOne:
    row = each.row
    as_read = {"state": row.state, "reason": row.reason, "proof": weight(row.proof), "bounced": weight(row.bounced)}
    said = {"at": each.at, "state": "$state", "reason": "$reason", "bounced": "$bounced", "rule": _text(each.rule)}
    kept: Document = {"$concatArrays": [{"$ifNull": ["$rejudged", []]}, [said]]}
    changes: Document = {"rejudged": kept, "saved_by": saved_by, **feed}
    if each.state is not None:
        changes |= {"state": _text(each.state), "reason": _or_gone(each.reason)}
    if each.proved is not None:
        changes |= _proving(each.proved, weight(row.proof), settles=each.state is None)
    return UpdateOne({**key(row.id), **as_read}, [{"$set": changes}])


def _proving(told: Proved, was: int | None, *, settles: bool) -> Document:
    """What the events prove now. A row in doubt that rests on them follows; one that a person settled does not."""
    proof, reasons = weight(told.proof), {str(state): reason for state, reason in told.reasons.items()}
    changes: Document = {
        "proof": _or_gone(proof),
        "bounced": _or_gone(weight(told.bounced)),
        "proved": {"$literal": reasons} if reasons else "$$REMOVE",
    }
    if not settles or told.proof is None:
        return changes
    rests = {"$and": [{"$gt": ["$settled", None]}, {"$eq": ["$settled", was]}]}
    reason = _or_gone(told.reasons.get(told.proof))
    return {
        **changes,
        "state": {"$cond": [rests, _text(told.proof), "$state"]},
        "reason": {"$cond": [rests, reason, {"$ifNull": ["$reason", "$$REMOVE"]}]},
        "settled": {"$cond": [rests, proof, {"$ifNull": ["$settled", "$$REMOVE"]}]},
    }


def _text(value: str | None) -> Any:
    return {"$literal": None if value is None else str(value)}


def _or_gone(value: str | int | None) -> Any:
    return "$$REMOVE" if value is None else {"$literal": value}
