"""Kinds of responses as queries and as one grouping: what `domain.response` says of a row, asked of MongoDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.activity import Wanted
from domain.breakers import TRIED_STATES
from domain.email import EmailState, Mark, ServiceStatus
from domain.member_status import Branch, branches
from domain.response import REDELIVERED, Kind, Response
from domain.smtp_reply import OURS
from domain.summary import NUMBERS
from repositories.connection import Document
from repositories.email_documents import proof_of, weight

_HARD = weight(EmailState.HARD_BOUNCED)
_DELIVERED_AT, _BOUNCED_AT = f"$times.{ServiceStatus.DELIVERED}", f"$times.{Mark.BOUNCED}"
#: Nothing is later than what never was: MongoDB takes an absent time for the smallest.
_REDELIVERED: Document = {"$and": [{"$gt": [_BOUNCED_AT, None]}, {"$gt": [_DELIVERED_AT, _BOUNCED_AT]}]}


def any_of(kinds: Iterable[Kind]) -> Document:
    """Finds the rows of one of these kinds."""
    queries = [_query(kind) for kind in kinds]
    return queries[0] if len(queries) == 1 else {"$or": queries}


def rows_of(campaign_id: str, wanted: Wanted, chosen: str) -> Document:
    """Finds the rows of a campaign that are wanted. `chosen` is the member status of those who were added."""
    parts = [any_of(NUMBERS[wanted.kpi])] if wanted.kpi else []
    if wanted.services:
        parts.append(any_of(kind for each in sorted(wanted.services) for kind in NUMBERS[each]))
    if wanted.statuses:
        found = [branch for status in sorted(wanted.statuses) for branch in branches(status, chosen)]
        parts.append({"$or": [_branch(branch) for branch in found]} if found else {"_id": {"$in": []}})
    if wanted.modules:
        parts.append({"$or": [{"ref": {"$gt": f"{each}:", "$lt": f"{each};"}} for each in sorted(wanted.modules)]})
    return {**within(campaign_id), **({"$and": parts} if parts else {})}


def within(campaign_id: str) -> Document:
    """All rows of a campaign. With the range of ids they come in order out of an index that holds nothing else."""
    return {"_id": {"$gt": f"{campaign_id}:", "$lt": f"{campaign_id};"}, "campaign_id": campaign_id}


def _branch(branch: Branch) -> Document:
    but: Document = {"$nor": [_query(kind) for kind in branch.but]} if branch.but else {}
    return {**(any_of(branch.of) if branch.of else {}), **but}


def _query(kind: Kind) -> Document:
    parts: list[Document] = []
    if kind.states:
        parts.append({"state": {"$in": sorted(kind.states)}})
    if kind.signs:
        parts.append({"$or": [_signed(sign) for sign in sorted(kind.signs)]})
    if kind.without:
        parts.append({"$nor": [_signed(sign) for sign in sorted(kind.without)]})
    if kind.hard is not None:
        parts.append({"bounced": _HARD if kind.hard else {"$ne": _HARD}})
    return parts[0] if len(parts) == 1 else {"$and": parts}


def _signed(name: str) -> Document:
    return {"$expr": _REDELIVERED} if name == REDELIVERED else {f"times.{name}": {"$exists": True}}


#: What breakers look at (D11); each is answered from an index, and reads no more rows than it counts.
HARM: Mapping[str, Document] = {
    "hard_bounced": {"state": EmailState.HARD_BOUNCED},
    "bounced_later": {"state": EmailState.SENT, "bounced": _HARD},
    "complaints": _signed(Mark.COMPLAINED),
    "sender_faults": {"state": EmailState.FAILED, "reason": {"$in": sorted(OURS)}},
}
TRIED: Document = {"state": {"$in": sorted(TRIED_STATES)}}

#: Adds what the numbers look at, beside the state.
SIGNS: Document = {
    "$set": {
        "signs": {"$map": {"input": {"$objectToArray": "$times"}, "in": "$$this.k"}},
        "later": {"$cond": [_REDELIVERED, [REDELIVERED], []]},
    }
}
#: All of it: rows that are equal in this count alike.
KIND: Document = {"state": "$state", "signs": {"$concatArrays": ["$signs", "$later"]}, "bounced": "$bounced"}
#: Counts rows by it: a few dozen kinds, however many rows.
RESPONSES: Sequence[Document] = (
    SIGNS,
    {"$group": {"_id": KIND, "count": {"$sum": 1}}},
)


def response_of(kind: Mapping[str, Any]) -> Response:
    return Response(EmailState(kind["state"]), frozenset(kind["signs"]), proof_of(kind.get("bounced")))
