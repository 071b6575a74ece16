"""The numbers of a campaign's summary as queries: the same rules as `domain.books.NUMBERS`, for finding the people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.books import Response
from domain.breakers import TRIED_STATES
from domain.email import EmailState, Mark, ServiceStatus
from domain.smtp_reply import OURS
from repositories.connection import Document
from repositories.email_documents import proof_of, weight

_HARD = weight(EmailState.HARD_BOUNCED)


def _signed(name: str) -> Document:
    return {f"times.{name}": {"$exists": True}}


_SENT: Document = {"state": EmailState.SENT}
_DELIVERED: Document = {**_SENT, f"times.{Mark.BOUNCED}": {"$exists": False}}
_READ = [_signed(sign) for sign in (ServiceStatus.OPENED, ServiceStatus.CLICKED, ServiceStatus.REPLIED)]
_BOUNCED_LATER: Document = {**_SENT, **_signed(Mark.BOUNCED)}

QUERIES: Mapping[str, Document] = {
    "sent": _SENT,
    "delivered": _DELIVERED,
    "hard_bounced": {"$or": [{"state": EmailState.HARD_BOUNCED}, {**_BOUNCED_LATER, "bounced": _HARD}]},
    "soft_bounced": {"$or": [{"state": EmailState.SOFT_BOUNCED}, {**_BOUNCED_LATER, "bounced": {"$ne": _HARD}}]},
    "opened": {"$or": _READ},
    "not_opened": {**_DELIVERED, "$nor": _READ},
    "clicked": _signed(ServiceStatus.CLICKED),
    "replied": _signed(ServiceStatus.REPLIED),
    "complaints": _signed(Mark.COMPLAINED),
    "unsubscribed": _signed(Mark.UNSUBSCRIBED),
    "failed": {"state": EmailState.FAILED},
    "in_doubt": {"state": EmailState.IN_DOUBT},
    "skipped": {"state": EmailState.SKIPPED},
}

#: What breakers look at (D11); each is answered from an index, and reads no more rows than it counts.
HARM: Mapping[str, Document] = {
    "hard_bounced": {"state": EmailState.HARD_BOUNCED},
    "bounced_later": {"state": EmailState.SENT, "bounced": _HARD},
    "complaints": _signed(Mark.COMPLAINED),
    "sender_faults": {"state": EmailState.FAILED, "reason": {"$in": sorted(OURS)}},
}
TRIED: Document = {"state": {"$in": sorted(TRIED_STATES)}}

#: Counts rows by everything that the numbers look at: a few dozen kinds, however many rows.
RESPONSES: Sequence[Document] = (
    {"$set": {"signs": {"$map": {"input": {"$objectToArray": "$times"}, "in": "$$this.k"}}}},
    {
        "$group": {
            "_id": {"campaign": "$campaign_id", "state": "$state", "signs": "$signs", "bounced": "$bounced"},
            "count": {"$sum": 1},
        }
    },
)


def response_of(kind: Mapping[str, Any]) -> Response:
    return Response(EmailState(kind["state"]), frozenset(kind["signs"]), proof_of(kind.get("bounced")))
