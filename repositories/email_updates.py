"""How outcomes and hands change a ledger row, and what events have proved: no reading before writing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateMany, UpdateOne

from domain.email import NEXT, NO_SLICE, OPEN_STATES, PROOFS, EmailState, Outcome
from repositories.connection import Document
from repositories.email_documents import LIGHTEST, reply_document, weight
from repositories.feed_mark import NO_MARK, FeedMark
from repositories.values import without_nulls

#: The states that each state may follow.
_BEFORE: Mapping[EmailState, list[EmailState]] = {
    state: [before for before, after in NEXT.items() if state in after] for state in EmailState
}

#: What a member status follows (domain/member_status.py), and nothing else is news to the feed.
_TOLD = frozenset({EmailState.SENT, EmailState.HARD_BOUNCED, EmailState.SOFT_BOUNCED})

#: Whether events told something of a row that is in doubt, to be sent once more out of doubt, or settled by no
#: weightier proof. Nothing is more than what is absent.
_IS_UNSETTLED: Document = {
    "$and": [
        {"$gt": ["$proof", None]},
        {
            "$or": [
                {"$eq": ["$state", EmailState.IN_DOUBT]},
                {"$and": [{"$in": ["$state", sorted(OPEN_STATES)]}, {"$gt": ["$resent_at", None]}]},
                {"$and": [{"$gt": ["$settled", None]}, {"$lte": ["$settled", "$proof"]}]},
            ]
        },
    ]
}
UNSETTLED: Document = {"$expr": _IS_UNSETTLED}
_PLACE = {"$subtract": ["$proof", LIGHTEST]}
_SETTLED: Document = {
    "state": {"$arrayElemAt": [[str(state) for state in PROOFS], _PLACE]},
    "reason": {"$ifNull": [{"$arrayElemAt": [[f"$proved.{state}" for state in PROOFS], _PLACE]}, "$$REMOVE"]},
    "settled": "$proof",
}


def settling(feed: FeedMark = NO_MARK) -> list[Document]:
    """Gives `UNSETTLED` rows the state that events have proved."""
    return [{"$set": {**_SETTLED, **feed}}]


def settled(feed: FeedMark = NO_MARK) -> list[Document]:
    """The same of those rows, among others that stay as they are."""
    changes = {**_SETTLED, **feed}
    kept = {name: {"$ifNull": [f"${name}", "$$REMOVE"]} for name in changes}
    return [{"$set": {name: {"$cond": [_IS_UNSETTLED, changes[name], kept[name]]} for name in changes}}]


def key(email_id: str) -> Document:
    """One row, by its id and by the shard key, which is part of the id."""
    campaign_id, contact_id, _ = email_id.split(":")
    return {"_id": email_id, "campaign_id": campaign_id, "contact_id": contact_id}


def is_id(text: str) -> bool:
    """Whether it has the form of a row's id; events from outside may name anything."""
    return text.count(":") == 2


def outcome_updates(outcomes: Iterable[Outcome], feed: FeedMark = NO_MARK) -> list[UpdateMany | UpdateOne]:
    """Stores the outcomes. Mails that were taken are most of them: those that one bulk has in common are one update,
    at half the processor time of MongoDB and a fifth of ours."""
    groups: dict[tuple[object, ...], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[_alike(outcome)].append(outcome)
    return [_update(group, feed) for group in groups.values()]


def _update(alike: Sequence[Outcome], feed: FeedMark) -> UpdateMany | UpdateOne:
    return outcome_update(alike[0], feed) if len(alike) == 1 else _all_sent(alike, feed)


def _alike(outcome: Outcome) -> tuple[object, ...]:
    """Equal for mails of one campaign that were taken, but for what the relay said; else unlike every other's."""
    reply = outcome.reply
    if outcome.state is not EmailState.SENT or reply is None or not outcome.tried:
        return (outcome.email_id, outcome.at)
    return (outcome.email_id.partition(":")[0], outcome.at, reply.code, reply.stage, reply.relay)


def _all_sent(outcomes: Sequence[Outcome], feed: FeedMark) -> UpdateMany:
    """What `outcome_update` does, for mails that are alike. Each finds its own reply by the place of its id."""
    ids, first = [outcome.email_id for outcome in outcomes], outcomes[0]
    texts = [outcome.reply.text for outcome in outcomes if outcome.reply]
    place = {"$indexOfArray": [{"$literal": ids}, "$_id"]}
    reply = {name: {"$literal": value} for name, value in _set(first)["reply"].items()}
    changes = {
        "state": first.state,
        "state_at": first.at,
        "attempts": {"$add": ["$attempts", 1]},
        "first_tried_at": {"$min": ["$first_tried_at", first.at]},
        "reply": {**reply, "text": {"$arrayElemAt": [{"$literal": texts}, place]}},
        **dict.fromkeys(("reason", "detail", "next_at"), "$$REMOVE"),
        **feed,
    }
    campaign_id = first.email_id.partition(":")[0]
    return UpdateMany({"_id": {"$in": ids}, "campaign_id": campaign_id, **_guard(first)}, [{"$set": changes}])


def outcome_update(outcome: Outcome, feed: FeedMark = NO_MARK) -> UpdateOne:
    changes: dict[str, Any] = {"$set": {**_set(outcome), **(feed if outcome.state in _TOLD else NO_MARK)}}
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


def hand_settled(
    state: EmailState, reason: str | None, detail: str, at: datetime, feed: FeedMark = NO_MARK
) -> Document:
    """How a person settles a row in doubt; evidence that is weightier settles it anew."""
    changes = {"state": state, "state_at": at, "reason": reason, "detail": detail, "settled": weight(state), **feed}
    gone = {"$unset": {"reason": ""}} if reason is None else {}
    return {"$set": without_nulls(changes), **gone}
