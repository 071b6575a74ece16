"""How outcomes and events change a ledger row: guards and operators, no reading before writing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo import UpdateOne

from domain.email import NEXT, NO_SLICE, PROOFS, EmailEvent, EmailState, Mark, Outcome
from repositories.connection import Document
from repositories.email_documents import reply_document, weight
from repositories.values import without_nulls

#: The states that each state may follow.
_BEFORE: Mapping[EmailState, list[EmailState]] = {
    state: [before for before, after in NEXT.items() if state in after] for state in EmailState
}

#: Rows in doubt of which events told something, and rows that were settled by a lighter proof than they have now.
UNSETTLED: Document = {
    "proof": {"$exists": True},
    "$or": [
        {"state": EmailState.IN_DOUBT},
        {"settled": {"$exists": True}, "$expr": {"$lt": ["$settled", "$proof"]}},
    ],
}
SETTLE: Sequence[Document] = (
    {"$set": {"state": {"$arrayElemAt": [[str(state) for state in PROOFS], "$proof"]}, "settled": "$proof"}},
    {"$unset": "reason"},
)


def key(email_id: str) -> Document:
    """One row, by its id and by the shard key, which is part of the id."""
    campaign_id, contact_id, _ = email_id.split(":")
    return {"_id": email_id, "campaign_id": campaign_id, "contact_id": contact_id}


def is_id(text: str) -> bool:
    """Whether it has the form of a row's id; events from outside may name anything."""
    return text.count(":") == 2


def outcome_update(outcome: Outcome) -> UpdateOne:
    changes: dict[str, Any] = {"$set": _set(outcome)}
    if gone := {name: "" for name in ("reason", "detail", "next_at") if getattr(outcome, name) is None}:
        changes["$unset"] = gone
    if outcome.tried:
        changes["$inc"] = {"attempts": 1}
    if outcome.tried or outcome.reply:  # a server that asks to slow down is no try, but time runs from it
        changes["$min"] = {"first_tried_at": outcome.at}
    return UpdateOne({**key(outcome.email_id), **_guard(outcome)}, changes)


def _set(outcome: Outcome) -> Document:
    deferred = outcome.state is EmailState.DEFERRED
    return without_nulls(
        {
            "state": outcome.state,
            "state_at": outcome.at,
            "reason": outcome.reason,
            "detail": outcome.detail,
            "next_at": outcome.next_at,
            "reply": reply_document(outcome.reply) if outcome.reply else None,
            "slice": NO_SLICE if deferred else None,
        }
    )


def _guard(outcome: Outcome) -> Document:
    """Forward only. A deferral also follows only an earlier one: told twice, the second time changes nothing."""
    before = _BEFORE[outcome.state]
    if outcome.state is not EmailState.DEFERRED:
        return {"state": {"$in": before}}
    first = {"state": {"$in": [state for state in before if state is not EmailState.DEFERRED]}}
    return {"$or": [first, {"state": EmailState.DEFERRED, "state_at": {"$lt": outcome.at}}]}


def event_updates(events: Iterable[EmailEvent]) -> dict[str, UpdateOne]:
    """One update per email that was named. Minima and maxima: the order of the events makes no difference."""
    of_email: dict[str, list[EmailEvent]] = defaultdict(list)
    for event in events:
        of_email[event.email_id].append(event)
    return {email: UpdateOne(key(email), _operators(own)) for email, own in of_email.items()}


def _operators(events: Sequence[EmailEvent]) -> Document:
    earliest: dict[str, Any] = {}
    for event in events:
        for name in (event.service, event.mark):
            if name is not None:
                field = f"times.{name}"
                earliest[field] = min(earliest.get(field, event.at), event.at)
    highest = {
        "service": max((event.service.rank for event in events if event.service), default=0),
        "proof": _heaviest(events),
        "bounced": _heaviest(event for event in events if event.mark is Mark.BOUNCED),
    }
    operators: Document = {"$max": without_nulls(highest)}
    return {**operators, "$min": earliest} if earliest else operators


def _heaviest(events: Iterable[EmailEvent]) -> int | None:
    return max((found for event in events if (found := weight(event.proves)) is not None), default=None)
