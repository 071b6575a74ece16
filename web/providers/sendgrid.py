"""Twilio SendGrid's signed event webhook: batches of events (twilio.com/docs/sendgrid/for-developers/tracking-events).

Signed with ECDSA P-256 over the time stamp and the body as it came; the public key stands in its settings, base64.
"""

from __future__ import annotations

import base64
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from domain.errors import InvalidDefinition, InvalidMessage
from messages.delivery_event import EventType, Evidence
from web.posted import FORGED, UNSIGNED, Posted, Refused
from web.providers.fields import Fields, campaign_in, evidence, items, mark_in, moment, text
from web.providers.report import Named, Report
from web.providers.stamp import check_age
from web.strict_json import strict

NAME = "sendgrid"
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"

_EVENTS: Mapping[str, EventType] = {
    "processed": EventType.ACCEPTED,
    "deferred": EventType.DEFERRED,
    "delivered": EventType.DELIVERED,
    "bounce": EventType.BOUNCED,
    "dropped": EventType.BOUNCED,
    "open": EventType.OPENED,
    "click": EventType.CLICKED,
    "spamreport": EventType.COMPLAINED,
    "unsubscribe": EventType.UNSUBSCRIBED,
    "group_unsubscribe": EventType.UNSUBSCRIBED,
    # group_resubscribe: no event ever subscribes anybody (D4)
}
#: Why SendGrid did not try: its own lists. In words of ours, for the rules would read its own as a server's.
_DROPPED: Mapping[str, str] = {
    "bounced address": "not tried: a mail to this address bounced before, and the provider keeps it on a list",
    "spam reporting address": "not tried: its owner reported a mail before, and the provider keeps it on a list",
    "unsubscribed address": "not tried: its owner left, and the provider keeps it on a list",
}


@dataclass(frozen=True, slots=True)
class SendGrid:
    """Reads what one of these keys has signed."""

    keys: tuple[ec.EllipticCurvePublicKey, ...]
    window: timedelta
    name: str = NAME

    async def reports(self, posted: Posted) -> Sequence[Report]:
        """
        Raises:
            Refused: not signed by SendGrid, or too long ago.
            InvalidMessage: signed, and no list of events.
        """
        stamp, signature = posted.headers.get(TIMESTAMP), posted.headers.get(SIGNATURE)
        if not stamp or not signature:
            raise Refused(UNSIGNED, "not signed")
        if not any(_signed(key, signature, stamp.encode() + posted.body) for key in self.keys):
            raise Refused(FORGED, "the signature is of another key or another text")
        check_age(moment(stamp), posted.now, self.window)
        told = strict(posted.body)
        if not isinstance(told, list):
            raise InvalidMessage("body: a list of events is needed")
        return [report for entry in items(told) if (report := _report(entry)) is not None]


def public_keys(given: str) -> tuple[ec.EllipticCurvePublicKey, ...]:
    """Keys as SendGrid shows them, separated by blanks.

    Raises:
        InvalidDefinition: one is none.
    """
    return tuple(_public_key(each) for each in given.split())


def _public_key(given: str) -> ec.EllipticCurvePublicKey:
    try:
        found = load_der_public_key(base64.b64decode(given, validate=True))
    except (Base64Error, ValueError) as error:
        raise InvalidDefinition("the key of SendGrid's webhook is none; copy its verification key") from error
    if not isinstance(found, ec.EllipticCurvePublicKey):
        raise InvalidDefinition("the key of SendGrid's webhook is none of an elliptic curve")
    return found


def _signed(key: ec.EllipticCurvePublicKey, signature: str, signed: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, Base64Error, ValueError):
        return False
    return True


def _report(entry: Fields) -> Report | None:
    event, id_ = _EVENTS.get(str(entry.get("event"))), text(entry.get("sg_event_id"))
    at = moment(entry.get("timestamp"))
    if event is None or id_ is None or at is None:
        return None
    return Report(
        id=id_,
        event=event,
        at=at,
        named=Named(
            mark=mark_in(entry),
            message_id=text(entry.get("smtp-id")),
            campaign_id=campaign_in(entry),
            address=text(entry.get("email")),
        ),
        evidence=_evidence(event, entry),
        url=text(entry.get("url")) if event is EventType.CLICKED else None,
        user_agent=text(entry.get("useragent")),
        ip=text(entry.get("ip")),
        by_machine=entry.get("sg_machine_open") is True,
    )


def _evidence(event: EventType, entry: Fields) -> Evidence:
    if event is not EventType.BOUNCED:
        return evidence(NAME, text(entry.get("response")))
    reason, status = text(entry.get("reason")), entry.get("status")
    said = _DROPPED.get((reason or "").lower(), reason)
    found = evidence(NAME, said, enhanced=status)
    return found.model_copy(update={"permanent": _is_permanent(entry, found)})


def _is_permanent(entry: Fields, found: Evidence) -> bool:
    """Codes say it; without any, `blocked` is the one that may pass (its mails are tried anew)."""
    if found.code is not None:
        return found.code >= 500
    if found.enhanced is not None:
        return found.enhanced.startswith("5")
    return entry.get("type") != "blocked"
