"""A ledger row as a document of `emails`.

{_id: "campaign_id:contact_id:occurrence", campaign_id, contact_id, occurrence,
 address, identity: address in lower case, ref, message_id, lawful_basis, time_zone, slice: number or -1,
 state, reason, detail, attempts, first_tried_at, next_at, state_at, reply: {code, text, stage, relay},
 service: rank of the service status, times: {<service status or mark>: first time},
 proof: weight of the heaviest proof, proved: {<state>: reason}, bounced: the same of bounces only,
 settled: weight of what the state rests on, of a row that was in doubt, resent_at,
 earlier: [{at, by, state, reason, detail, attempts, reply}], where it was planned once more,
 feed: see feed_mark.py, told: {status, replied, count}: what the feed has told last}

What is None is absent. Moments are dates, cut to milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.email import PROOFS, EarlierEnd, Email, EmailState, ServiceStatus
from domain.smtp_reply import Reply, Stage
from repositories.connection import Document
from repositories.values import without_nulls

_SERVICES = tuple(ServiceStatus)
#: Of the lightest proof. That one came last to the table; what was stored before it keeps its meaning.
LIGHTEST = -1
_TOLD = ("at", "by", "state", "reason", "detail", "attempts")  #: of an earlier end, beside its reply


def document_of(email: Email) -> Document:
    return without_nulls(
        {
            "_id": email.id,
            "campaign_id": email.campaign_id,
            "contact_id": email.contact_id,
            "occurrence": email.occurrence,
            "address": email.address,
            "identity": email.address.lower(),
            "ref": email.ref,
            "message_id": email.message_id,
            "lawful_basis": email.lawful_basis,
            "time_zone": email.time_zone,
            "slice": email.slice,
            "state": email.state,
            "reason": email.reason,
            "detail": email.detail,
            "attempts": email.attempts,
            "first_tried_at": email.first_tried_at,
            "next_at": email.next_at,
            "state_at": email.state_at,
            "reply": reply_document(email.reply) if email.reply else None,
            "service": email.service.rank,
            "times": dict(email.times),
            "proof": weight(email.proof),
            "bounced": weight(email.bounced),
            "resent_at": email.resent_at,
            "earlier": [_earlier_document(each) for each in email.earlier] or None,
        }
    )


def _earlier_document(each: EarlierEnd) -> Document:
    reply = reply_document(each.reply) if each.reply else None
    return without_nulls({**{name: getattr(each, name) for name in _TOLD}, "reply": reply})


def reply_document(reply: Reply) -> Document:
    return {"code": reply.code, "text": reply.text, "stage": reply.stage, "relay": reply.relay}


def weight(proof: EmailState | None) -> int | None:
    """How a proof is stored: the higher of two numbers is the one that holds."""
    return PROOFS.index(proof) + LIGHTEST if proof else None


def email_of(document: Mapping[str, Any]) -> Email:
    return Email(
        id=document["_id"],
        campaign_id=document["campaign_id"],
        contact_id=document["contact_id"],
        occurrence=document["occurrence"],
        address=document["address"],
        ref=document.get("ref"),
        message_id=document["message_id"],
        lawful_basis=document.get("lawful_basis"),
        time_zone=document.get("time_zone"),
        slice=document["slice"],
        state=EmailState(document["state"]),
        reason=document.get("reason"),
        detail=document.get("detail"),
        attempts=document["attempts"],
        first_tried_at=document.get("first_tried_at"),
        next_at=document.get("next_at"),
        state_at=document.get("state_at"),
        reply=_reply(document),
        service=_SERVICES[document["service"]],
        times=document["times"],
        proof=proof_of(document.get("proof")),
        bounced=proof_of(document.get("bounced")),
        resent_at=document.get("resent_at"),
        earlier=tuple(_earlier(each) for each in document.get("earlier", ())),
    )


def _earlier(document: Mapping[str, Any]) -> EarlierEnd:
    return EarlierEnd(
        at=document["at"],
        by=document["by"],
        state=EmailState(document["state"]),
        reason=document.get("reason"),
        detail=document.get("detail"),
        attempts=document["attempts"],
        reply=_reply(document),
    )


def _reply(document: Mapping[str, Any]) -> Reply | None:
    reply = document.get("reply")
    return Reply(reply["code"], reply["text"], Stage(reply["stage"]), reply["relay"]) if reply else None


def proof_of(stored: int | None) -> EmailState | None:
    return None if stored is None else PROOFS[stored - LIGHTEST]
